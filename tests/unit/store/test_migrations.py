"""Migrations up, down and up again, with data in the database, on both engines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from portal.store import readiness, schema, verification
from portal.store.database import Store
from portal.store.tables import Citizen, CompanyUser, Conversation
from tests import cast
from tests.conftest import ENGINES, behind, make_database, migrate, owner
from tests.keys import RING


@pytest.fixture
def empty(kind: str, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
    return make_database()


def _fill(url: str) -> None:
    async def fill() -> None:
        store = Store(url, RING)
        await cast.settle(store)
        await store.close()

    asyncio.run(fill())


def _tables(url: str) -> set[str]:
    async def ask() -> set[str]:
        engine = create_async_engine(url, poolclass=NullPool)
        catalogue = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if "sqlite" in url
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        async with engine.connect() as connection:
            found = {row[0] for row in await connection.execute(text(catalogue))}
        await engine.dispose()
        return found

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", ENGINES)
def test_up_down_up_with_data(kind: str, empty: str) -> None:
    migrate(empty)
    schema.check(owner(empty))
    _fill(empty)
    schema.downgrade(owner(empty), RING, "base")
    assert _tables(empty) <= {"alembic_version"}
    migrate(empty)
    schema.check(owner(empty))
    _fill(empty)


FIRST_RELEASE = "9d1d38925cfe"
AT = "'2026-11-20 08:00:00'"
ROWS = (
    "INSERT INTO municipality (code, slug, name, phone, email, address, opening_hours) "
    "VALUES ('740', 'silkeborg', 'Silkeborg', '1', 'a@b.example', 'x', '{}')",
    "INSERT INTO journalhead (municipality, id, number) VALUES ('740', 'head', 2)",
    "INSERT INTO team (municipality, id, name_da, name_en, kind) VALUES ('740', 'modtagelse', 'M', 'R', 'citizen')",
    "INSERT INTO citizen (municipality, id, issuer, subject, name, email, phone, channel, address, protected_address, lang,"
    " benefit) VALUES ('740', 'c1', 'demo', 'amina', 'Amina', '', '', 'email', '', false, 'da', 'sygedagpenge')",
    "INSERT INTO company (municipality, id, cvr, name) VALUES ('740', 'f1', '88888881', 'Bos Bageri')",
    "INSERT INTO companyuser (municipality, id, issuer, subject, company_id, name, email, lang) "
    "VALUES ('740', 'u1', 'demo', 'bo', 'f1', 'Bo', '', 'da')",
    "INSERT INTO conversation (municipality, id, citizen_id, asked_at, asked_by, asked_via, about, form, language,"
    " interpreter, state, guarantee_days, due_on, promise, team_id, routed_because, version) VALUES ('740', 't1', 'c1',"
    f" {AT}, 'c1', 'portal', 'min ryg', 'phone', 'arabisk', true, 'waiting', 10, '2026-11-30', '{{}}', 'modtagelse',"
    ' \'{"rule": "team.reception"}\', 1)',
    *(
        f"INSERT INTO journal (municipality, id, number, at, code, actor_role, actor_id, subject_kind, subject_id, facts)"
        f" VALUES ('740', 'j{n}', {n}, {AT}, 'conversation.requested', 'citizen', 'c1', 'conversation', 't1', '{{\"n\": {n}}}')"
        for n in (1, 2)
    ),
    *(
        f"INSERT INTO journaldetail (municipality, id, actor_name, words) VALUES ('740', 'j{n}', 'Amina', 'ord {n}')"
        for n in (1, 2)
    ),
)


@pytest.mark.parametrize("kind", ENGINES)
def test_what_the_first_release_kept_is_sealed_and_chained(kind: str, empty: str) -> None:
    schema.migrate(owner(empty), RING, FIRST_RELEASE)
    asyncio.run(_insert(empty))
    migrate(empty)
    asyncio.run(_look(empty))
    schema.downgrade(owner(empty), RING, FIRST_RELEASE)
    assert asyncio.run(_raw(empty, "SELECT about FROM conversation")) == "min ryg"
    migrate(empty)
    asyncio.run(_look(empty))


async def _insert(url: str) -> None:
    async with behind(url) as connection:
        for row in ROWS:
            await connection.exec_driver_sql(row)


async def _raw(url: str, statement: str) -> str:
    async with behind(url) as connection:
        return str((await connection.exec_driver_sql(statement)).scalar_one())


async def _look(url: str) -> None:
    assert "ryg" not in await _raw(url, "SELECT about FROM conversation")
    store = Store(url, RING)
    assert await readiness.trouble(store, demo=True) == []
    async with store.reading("740") as reader:
        talk, citizen = await reader.find(Conversation, "t1"), await reader.find(Citizen, "c1")
        assert (talk.about, talk.language, talk.routed_because) == (
            "min ryg",
            "arabisk",
            {"rule": "team.reception"},
        )
        assert (citizen.benefit, citizen.issuer) == ("sygedagpenge", "https://demo-login.invalid/borger")
        assert (await reader.find(CompanyUser, "u1")).subject == "88888881/bo"
        assert await verification.verify(reader) == []
    await store.close()
