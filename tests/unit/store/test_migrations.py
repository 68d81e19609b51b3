"""Migrations up, down and up again, with data in the database, on both engines."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from portal.store import schema
from portal.store.database import Store
from tests import cast
from tests.conftest import ENGINES, make_database, migrate, owner
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
