"""Backup and restore on either engine: every row as it stands at one instant, sealed values still sealed.

One file, the same for SQLite and PostgreSQL: a manifest, and the rows of each table of each municipality as JSON lines. It
is read in one transaction, so it is whole also while people write. Without the key ring it cannot be restored, or read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Date, Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from portal.store import readiness, schema
from portal.store.database import Store
from portal.store.keys import MARK, KeyRing, SealBrokenError, place
from portal.store.sealing import Envelope, Sealed
from portal.store.tables import Relation, Staff

FORMAT = 1
MANIFEST = "manifest.json"
AT_ONCE = 500


class BackupError(Exception):
    """The backup cannot be made or restored; the message says why, and what to do."""


def _tables() -> list[Table]:
    """Every table but the list of municipalities, those others point to first."""
    return [table for table in SQLModel.metadata.sorted_tables if table.name != "municipality"]


_PLACES = SQLModel.metadata.tables["municipality"]


@asynccontextmanager
async def _one_instant(store: Store) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees the database as it is now, whatever is written meanwhile."""
    engine = (
        store.engine if store.is_sqlite else store.engine.execution_options(isolation_level="REPEATABLE READ")
    )
    async with engine.connect() as connection, connection.begin():
        yield connection


async def _enter(store: Store, connection: AsyncConnection, code: str) -> None:
    if not store.is_sqlite:
        await connection.execute(select(func.set_config("portal.municipality", code, True)))


# ------------------------------------------------------------------ making one


async def make(store: Store, file: Path, now: datetime) -> dict[str, Any]:
    """The backup is in `file`, whole and on the disk; gives its manifest. BackupError when the file exists."""
    if file.exists():
        raise BackupError(f"{file} exists already. A backup is never written over; give another name.")
    beside = file.with_name(f"{file.name}.part")
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = await _write(store, archive, now)
            raw.flush()
            os.fsync(raw.fileno())
        beside.rename(file)
    finally:
        beside.unlink(missing_ok=True)
    return manifest


async def _write(store: Store, archive: zipfile.ZipFile, now: datetime) -> dict[str, Any]:
    revision = await readiness.revision_of(store)
    places: dict[str, Any] = {}
    async with _one_instant(store) as connection:
        rows = [
            dict(row._mapping) for row in await connection.execute(select(_PLACES).order_by(_PLACES.c.code))
        ]
        for row in rows:
            await _enter(store, connection, row["code"])
            places[row["code"]] = {
                table.name: await _write_table(connection, archive, table, row["code"]) for table in _tables()
            }
    manifest = {
        "format": FORMAT,
        "schema": revision,
        "made_at": now.isoformat(),
        "municipalities": rows,
        "places": places,
    }
    content = json.dumps(manifest, ensure_ascii=False, sort_keys=True)
    archive.writestr(MANIFEST, content)
    archive.writestr("manifest.hmac", _signature(store.ring, content))
    return manifest


async def _write_table(
    connection: AsyncConnection, archive: zipfile.ZipFile, table: Table, code: str
) -> dict[str, Any]:
    """The rows of one municipality; gives how many, and their hash."""
    statement = select(table).where(table.c.municipality == code).order_by(table.c.id)
    digest, count = hashlib.sha256(), 0
    with archive.open(_name(code, table), "w", force_zip64=True) as file:
        result = await connection.stream(statement.execution_options(yield_per=AT_ONCE))
        async for row in result:
            line = json.dumps(_said(row._mapping), ensure_ascii=False).encode() + b"\n"
            file.write(line)
            digest.update(line)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _name(code: str, table: Table) -> str:
    return f"{code}/{table.name}.jsonl"


def _said(row: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, Envelope):
        return value.sealed
    return value.isoformat() if isinstance(value, date | datetime) else value


def _signature(ring: KeyRing, content: str) -> str:
    return hmac.new(ring.derived("backup"), content.encode(), hashlib.sha256).hexdigest()


# ------------------------------------------------------------------ restoring one


async def restore(store: Store, file: Path, now: datetime) -> dict[str, Any]:
    """The database holds what the backup holds, and nothing of it comes alive again by itself: sessions have ended, and
    letters that waited then are uncertain, for they may have been sent since. It must be empty and of the same schema.
    BackupError, with nothing changed, for a wrong key ring, another schema, a damaged file, or a database that is in use."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _opened(archive, store.ring)
            await _check_schema(store, manifest)
            _check_keys(archive, manifest, store.ring)
            if await store.municipalities():
                raise BackupError(
                    "The database is not empty. Restore into a new one: portal migrate, then restore."
                )
            async with store.engine.execution_options(write=True).begin() as connection:
                for row in manifest["municipalities"]:
                    await _enter(store, connection, row["code"])
                    await connection.execute(insert(_PLACES).values(row))
                    for table in _tables():
                        await _read_table(connection, archive, table, row["code"], manifest)
                    await _lay_to_rest(connection, row["code"], now)
            return manifest
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BackupError(
            f"{file} is not a whole backup of the portal ({type(error).__name__}). Nothing was changed."
        ) from None


async def _lay_to_rest(connection: AsyncConnection, code: str, now: datetime) -> None:
    sessions, letters = (SQLModel.metadata.tables[name] for name in ("loginsession", "outbox"))
    alive = (sessions.c.municipality == code) & sessions.c.revoked_at.is_(None)
    await connection.execute(update(sessions).where(alive).values(revoked_at=now))
    waiting = (letters.c.municipality == code) & letters.c.state.in_(("pending", "sending", "failed"))
    await connection.execute(
        update(letters)
        .where(waiting)
        .values(
            state="uncertain", trouble="restored from a backup: it may have been sent since", lease_until=None
        )
    )


@dataclass(frozen=True)
class ToCheck:
    """What stood in the backup and may have been ended since: for people to look at."""

    municipality: str
    helpers: int
    staff: int


async def to_check(store: Store, today: date) -> list[ToCheck]:
    """How many powers of attorney and companions, and how many of the staff's accesses, hold after a restore."""
    found = []
    for row in await store.municipalities():
        async with store.reading(row.code) as reader:
            holding = Relation.ended_at.is_(None) & (Relation.ends_on >= today)
            helpers = await reader.all(select(Relation.id).where(holding))
            staff = await reader.all(select(Staff.id).where(Staff.active.is_(True)))
        found.append(ToCheck(row.name, len(helpers), len(staff)))
    return found


def _opened(archive: zipfile.ZipFile, ring: KeyRing) -> dict[str, Any]:
    content = archive.read(MANIFEST).decode()
    manifest: dict[str, Any] = json.loads(content)
    if manifest.get("format") != FORMAT:
        raise BackupError("The backup was made by another release of the portal: restore it with that one.")
    if not hmac.compare_digest(archive.read("manifest.hmac").decode(), _signature(ring, content)):
        raise BackupError(
            "The backup was made with another key ring, or was changed since. Put the ring back that was in use when it "
            "was made. Nothing was changed."
        )
    return manifest


async def _check_schema(store: Store, manifest: dict[str, Any]) -> None:
    if await readiness.revision_of(store) != schema.newest():
        raise BackupError("The database does not have this release's schema. Run: portal migrate")
    if manifest["schema"] != schema.newest():
        known = manifest["schema"] in schema.known()
        raise BackupError(
            f"The backup has {'an older' if known else 'a newer'} schema ({manifest['schema']}) than this release "
            f"({schema.newest()}). Restore it with the release it was made with, and migrate after. Nothing was changed."
        )


def _check_keys(archive: zipfile.ZipFile, manifest: dict[str, Any], ring: KeyRing) -> None:
    """Every key the backup needs is on the ring."""
    marks = SQLModel.metadata.tables["keymark"]
    for code in manifest["places"]:
        for line in _lines(archive, marks, code):
            where = place("keymark", "sealed", code, line["id"])
            try:
                right = ring.open(line["sealed"], where) == MARK.encode()
            except SealBrokenError:
                right = False
            if not right:
                raise BackupError(
                    f"The backup needs the key {line['id']}, which this key ring does not have. Nothing was changed."
                )


def _lines(archive: zipfile.ZipFile, table: Table, code: str) -> Iterator[dict[str, Any]]:
    with archive.open(_name(code, table)) as file:
        for line in file:
            yield json.loads(line)


async def _read_table(
    connection: AsyncConnection, archive: zipfile.ZipFile, table: Table, code: str, manifest: dict[str, Any]
) -> None:
    expected = manifest["places"][code][table.name]
    digest = hashlib.sha256(archive.read(_name(code, table))).hexdigest()
    if digest != expected["sha256"]:
        raise BackupError(f"The backup's {table.name} of {code} is damaged. Nothing was changed.")
    waiting: list[dict[str, Any]] = []
    for line in _lines(archive, table, code):
        waiting.append({name: _typed(table, name, value) for name, value in line.items()})
        if len(waiting) == AT_ONCE:
            await connection.execute(insert(table), waiting)
            waiting = []
    if waiting:
        await connection.execute(insert(table), waiting)


def _typed(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if value is None:
        return None
    if isinstance(kind, Sealed):
        return Envelope(value)
    if isinstance(kind, UTCDateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(kind, Date) else value
