"""Engines: SQLite or PostgreSQL, set up so that nothing is lost, and which index refused a row."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel

from portal.store import tables as _tables  # noqa: F401 the indexes' names are those of the tables' classes

BUSY_SECONDS = 30


def open_engine(url: str) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite:///file` or `postgresql+asyncpg://...`, set up so that nothing is lost."""
    if url.startswith("postgresql"):
        return create_async_engine(url, pool_size=20, max_overflow=0, pool_pre_ping=True)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's BEGIN below is the only one
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    immediate = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _index_columns() -> dict[str, str]:
    named = {}
    for table in SQLModel.metadata.tables.values():
        for index in table.indexes:
            if index.unique:
                named[", ".join(f"{table.name}.{column.name}" for column in index.columns)] = str(index.name)
        named[", ".join(f"{table.name}.{column.name}" for column in table.primary_key)] = f"pk_{table.name}"
    return named


_INDEX_COLUMNS = _index_columns()


def index_of(error: IntegrityError) -> str:
    """The name of the index or constraint that refused, whichever engine says so; raises what is not a duplicate."""
    cause: Any = getattr(error.orig, "__cause__", None)
    name = getattr(cause, "constraint_name", None)
    if name is not None and getattr(cause, "sqlstate", "") == "23505":
        return str(name)
    said = str(error.orig)
    if "UNIQUE constraint failed: " in said:
        columns = said.split("UNIQUE constraint failed: ")[1]
        return _INDEX_COLUMNS.get(columns, columns)
    raise error
