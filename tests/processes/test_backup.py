"""Backup while people write, restore into an empty database of either engine, verify; and what copying a file loses."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.domain.people import system
from portal.store import backup, journal, ledger, persons, schema, verification
from portal.store.backup import BackupError
from portal.store.database import Store
from portal.store.keys import new_ring
from portal.store.tables import Citizen, Journal
from tests import cast
from tests.conftest import make_database, migrate
from tests.keys import RING
from tests.processes.servers import PORTAL, environment

pytestmark = pytest.mark.long


@asynccontextmanager
async def _writing(store: Store) -> AsyncIterator[Callable[[], int]]:
    """Four writers who do not stop; gives a look at how many lines they have been told are kept."""
    kept = 0
    going = True

    async def write(number: int) -> None:
        nonlocal kept
        while going:
            async with store.writing(cast.staff("clara"), datetime.now(UTC)) as unit:
                (await unit.find(Citizen, cast.identity("amina"))).phone = str(kept)
                journal.note(unit, "placement.read", "placement", f"case{number}", "ord")
                await unit.commit()
            kept += 1

    writers = [asyncio.create_task(write(number)) for number in range(4)]
    try:
        while kept < 20:
            await asyncio.sleep(0.02)
        yield lambda: kept
    finally:
        going = False
        await asyncio.gather(*writers)


async def _empty(kind: str, folder: Path) -> str:
    if kind == "sqlite":
        url = f"sqlite+aiosqlite:///{folder / 'restored.db'}"
    else:
        url = await asyncio.to_thread(make_database)
    await asyncio.to_thread(migrate, url)
    return url


async def _lines(store: Store) -> int:
    async with store.reading(cast.HOME) as reader:
        return (await reader.one(select(func.count()).select_from(Journal)))[0]


async def _whole(store: Store) -> list[verification.Finding]:
    found = []
    for code in (cast.HOME, cast.NEXT_DOOR):
        async with store.reading(code) as reader:
            found += await verification.verify(reader)
    return found


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
async def test_a_backup_under_load_is_whole_on_either_engine(store: Store, tmp_path: Path, into: str) -> None:
    file = tmp_path / "backup.zip"
    async with _writing(store) as kept:
        before = kept()
        manifest = await backup.make(store, file, cast.NOW)
        after = kept()
    assert after > before, "nobody wrote meanwhile"
    assert file.stat().st_mode & 0o077 == 0
    restored = Store(await _empty(into, tmp_path), RING)
    assert (await backup.restore(restored, file, cast.NOW))["made_at"] == manifest["made_at"]
    assert before <= await _lines(restored)
    assert await _whole(restored) == []
    async with restored.reading(cast.HOME) as reader:
        assert (await reader.find(Citizen, cast.identity("amina"))).name == "Amina"
        assert await reader.find(Citizen, cast.identity("dan")) is None
    async with restored.writing(cast.staff("clara"), cast.NOW) as unit:  # and it can be worked with
        journal.note(unit, "placement.read", "placement", "x")
        await unit.commit()
    assert await _whole(restored) == []
    await restored.close()


async def test_the_control_copying_the_file_loses_what_was_kept(
    tmp_path: Path, templates: dict[str, str]
) -> None:
    source = tmp_path / "source.db"
    shutil.copyfile(templates["sqlite"].removeprefix("sqlite+aiosqlite:///"), source)
    store = Store(f"sqlite+aiosqlite:///{source}", RING)
    async with _writing(store) as kept:
        before = kept()
        await asyncio.to_thread(subprocess.run, ["cp", str(source), str(tmp_path / "copy.db")], check=True)
    await store.close()
    try:
        with sqlite3.connect(tmp_path / "copy.db") as connection:
            copied = connection.execute("SELECT count(*) FROM journal WHERE municipality = '740'").fetchone()[
                0
            ]
        connection.close()
    except sqlite3.DatabaseError:
        copied = 0
    assert copied < before


async def test_the_control_without_one_instant_the_backup_is_torn(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each table read at a time of its own: the journal and its head no longer fit."""

    @asynccontextmanager
    async def whenever(where: Store) -> AsyncIterator[object]:
        engine = (
            where.engine.execution_options(isolation_level="READ COMMITTED")
            if not where.is_sqlite
            else where.engine
        )
        async with engine.connect() as connection, connection.begin():
            yield connection

    real = backup._write_table

    async def slowly(
        connection: object, archive: zipfile.ZipFile, table: object, code: str
    ) -> dict[str, object]:
        if (
            store.is_sqlite
        ):  # a read transaction on SQLite is one instant by itself: begin a new one for each table
            async with store.engine.connect() as other, other.begin():
                found = await real(other, archive, table, code)
        else:
            found = await real(connection, archive, table, code)
        await asyncio.sleep(0.02)
        return found

    monkeypatch.setattr(backup, "_one_instant", whenever)
    monkeypatch.setattr(backup, "_write_table", slowly)
    file = tmp_path / "torn.zip"
    async with _writing(store):
        await backup.make(store, file, cast.NOW)
    monkeypatch.undo()
    restored = Store(await _empty("sqlite", tmp_path), RING)
    torn = False
    try:
        await backup.restore(restored, file, cast.NOW)
        torn = bool(await _whole(restored))
    except Exception:
        torn = True
    await restored.close()
    assert torn


async def _made(store: Store, folder: Path) -> Path:
    await backup.make(store, folder / "backup.zip", cast.NOW)
    return folder / "backup.zip"


async def test_a_wrong_key_another_schema_and_a_damaged_file_are_refused_with_nothing_changed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await _made(store, tmp_path)
    url = await _empty("sqlite", tmp_path)
    wrong = Store(url, new_ring())
    with pytest.raises(BackupError, match="another key ring"):
        await backup.restore(wrong, file, cast.NOW)
    await wrong.close()
    right = Store(url, RING)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "newest", lambda: "a newer one")

        async def newest(_: Store) -> str:
            return "a newer one"

        patch.setattr(backup.readiness, "revision_of", newest)
        with pytest.raises(BackupError, match="an older schema"):
            await backup.restore(right, file, cast.NOW)
    with pytest.raises(BackupError, match="exists already"):
        await backup.make(store, file, cast.NOW)
    for name, bend in _DAMAGE.items():
        bent = tmp_path / f"{name}.zip"
        _bend(file, bent, bend)
        with pytest.raises(BackupError):
            await backup.restore(right, bent, cast.NOW)
        assert await right.municipalities() == [], name
    await backup.restore(right, file, cast.NOW)
    with pytest.raises(BackupError, match="not empty"):
        await backup.restore(right, file, cast.NOW)
    await right.close()


_DAMAGE: dict[str, Callable[[str, bytes], bytes | None]] = {
    "a table missing": lambda name, content: None if name == "740/citizen.jsonl" else content,
    "a table changed": lambda name, content: content.replace(b"Amina", b"Anita") if name == "740/citizen.jsonl" else content,
    "a table emptied": lambda name, content: b"" if name == "740/staff.jsonl" else content,
    "the manifest changed": lambda name, content: content.replace(b"Silkeborg", b"Herning") if name == "manifest.json" else content,
    "no signature": lambda name, content: None if name == "manifest.hmac" else content,
    "another format": lambda name, content: content.replace(b'"format": 1', b'"format": 9') if name == "manifest.json" else content,
}  # fmt: skip


def _bend(source: Path, target: Path, bend: Callable[[str, bytes], bytes | None]) -> None:
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as bent:
        for name in whole.namelist():
            content = bend(name, whole.read(name))
            if content is not None:
                bent.writestr(name, content)


async def test_a_file_that_is_no_backup_is_refused(tmp_path: Path) -> None:
    store = Store(await _empty("sqlite", tmp_path), RING)
    for content in (b"", b"PK", b"words" * 100):
        (tmp_path / "no.zip").write_bytes(content)
        with pytest.raises(BackupError, match="not a whole backup"):
            await backup.restore(store, tmp_path / "no.zip", cast.NOW)
    await store.close()


async def test_by_command_and_who_was_erased_since_is_erased_again(
    database: str, store: Store, tmp_path: Path, engine: str
) -> None:
    env = environment(database, PORTAL_LEDGER_FILE=str(tmp_path / "erasures.jsonl"))

    def portal(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*PORTAL, *arguments], env={**env, **more}, capture_output=True, text=True, check=False
        )

    file = str(tmp_path / "backup.zip")
    said = await asyncio.to_thread(portal, "backup", file)
    assert said.returncode == 0, said.stderr
    head = await asyncio.to_thread(portal, "journal", "head")
    anchors = tmp_path / "anchors"
    anchors.write_text(head.stdout)
    assert json.loads(head.stdout.splitlines()[0])["municipality"] in (cast.HOME, cast.NEXT_DOOR)
    gone = await asyncio.to_thread(portal, "erase", "--id", cast.identity("amina"))
    assert gone.returncode == 0, gone.stderr
    assert [entry.person_id for entry in ledger.read(tmp_path / "erasures.jsonl")] == [cast.identity("amina")]
    url = await _empty(engine, tmp_path)
    back = await asyncio.to_thread(portal, "restore", file, PORTAL_DATABASE_URL=url)
    assert "Erased again: 1" in back.stdout, back.stderr
    restored = Store(url, RING)
    async with restored.reading(cast.HOME) as reader:
        assert await reader.find(Citizen, cast.identity("amina")) is None
        assert await reader.find(Citizen, cast.identity("birger")) is not None
    await restored.close()
    for arguments in (("verify",), ("verify", "--anchor", str(anchors))):
        whole = await asyncio.to_thread(portal, *arguments, PORTAL_DATABASE_URL=url)
        assert whole.returncode == 0, whole.stdout + whole.stderr
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        with pytest.raises(Exception, match="person"):
            await persons.erase(unit, persons.CITIZEN, cast.identity("amina"))
