"""PostgreSQL itself keeps municipalities apart: without the app's own filter nothing leaks. Switched off, it does."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import SQLModel

from portal.store import readiness, rights
from portal.store.database import Store
from tests import cast
from tests.conftest import behind, everything, owner
from tests.keys import RING


@pytest.fixture
async def store(postgres_database: str) -> AsyncIterator[Store]:
    opened = Store(postgres_database, RING)
    yield opened
    await opened.close()


async def _seen(url: str, municipality: str | None) -> dict[str, set[str]]:
    """Whose rows raw SQL sees in each table, through the given role."""
    engine = create_async_engine(url, poolclass=NullPool)
    seen = {}
    async with engine.connect() as connection:
        if municipality is not None:
            await connection.execute(
                text("SELECT set_config('portal.municipality', :code, true)"), {"code": municipality}
            )
        for table in rights.tenant_tables():
            rows = await connection.execute(text(f'SELECT DISTINCT municipality FROM "{table}"'))
            seen[table] = set(rows.scalars())
    await engine.dispose()
    return seen


@pytest.mark.parametrize("role", ["app", "owner"])
async def test_raw_sql_sees_one_municipality_or_nothing(postgres_database: str, role: str) -> None:
    if role == "owner":
        async with behind(postgres_database) as connection:
            assert (await connection.execute(text("SELECT count(*) FROM citizen"))).scalar_one() == 3
    url = postgres_database if role == "app" else owner(postgres_database)
    assert set().union(*(await _seen(url, None)).values()) == set()
    assert set().union(*(await _seen(url, "")).values()) == set()
    here = await _seen(url, cast.HOME)
    assert here["citizen"] == {cast.HOME}
    assert set().union(*here.values()) == {cast.HOME}


@pytest.mark.parametrize("table", ["citizen", "staff", "journalhead"])
async def test_the_control_switched_off_it_leaks(postgres_database: str, table: str) -> None:
    async with behind(postgres_database) as connection:
        await connection.execute(text(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY'))
    assert (await _seen(postgres_database, cast.HOME))[table] == {cast.HOME, cast.NEXT_DOOR}


async def test_a_row_cannot_be_written_into_another_municipality(store: Store) -> None:
    statements = (
        "INSERT INTO team (municipality, id, name_da, name_en, kind) VALUES ('751', 'x', 'x', 'x', 'citizen')",
        "UPDATE team SET municipality = '751'",
    )
    for statement in statements:
        with pytest.raises(Exception, match="row-level security"):
            async with store.engine.begin() as connection:
                await connection.execute(text("SELECT set_config('portal.municipality', '740', true)"))
                await connection.execute(text(statement))


async def test_the_tenant_does_not_outlive_its_transaction(store: Store) -> None:
    async with store.reading(cast.HOME) as reader:
        assert await reader.here() is not None
    async with store.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM citizen"))).scalar_one() == 0


async def test_every_table_is_under_forced_row_level_security(postgres_database: str) -> None:
    async with behind(postgres_database) as connection:
        rows = await connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity"
            )
        )
        assert set(rows.scalars()) == set(SQLModel.metadata.tables)


async def test_it_does_not_start_with_a_role_that_goes_round_or_a_bare_table(postgres_database: str) -> None:
    for url, said in (
        (everything(postgres_database), "goes round"),
        (owner(postgres_database), "owns the tables"),
    ):
        store = Store(url, RING)
        assert any(said in sentence for sentence in await readiness.trouble(store, demo=True))
        await store.close()
    store = Store(postgres_database, RING)
    assert await readiness.trouble(store, demo=True) == []
    async with behind(postgres_database) as connection:
        await connection.execute(text("ALTER TABLE message NO FORCE ROW LEVEL SECURITY"))
    assert "not forced on: message" in (await readiness.trouble(store, demo=True))[0]
    await store.close()


async def test_a_database_that_is_away_is_not_taken_for_an_empty_one() -> None:
    store = Store("postgresql+asyncpg://nobody@127.0.0.1:1/none", RING)
    assert "does not answer" in (await readiness.trouble(store, demo=True))[0]
    await store.close()
