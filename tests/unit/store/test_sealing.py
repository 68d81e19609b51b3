"""What is sensitive is sealed: every column has a class, a dump shows nothing, a moved or foreign value does not open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, inspect, select, text, update
from sqlmodel import SQLModel

from portal.domain.people import system
from portal.store import data_classes, readiness, rotation, sealing
from portal.store.database import Store
from portal.store.keys import KeyRingError, SealBrokenError, new_ring, open_ring, place
from portal.store.sealing import Sealed, UnsealedError, sealed_columns
from portal.store.tables import Citizen, Conversation
from tests import cast, rows
from tests.conftest import behind, everything
from tests.keys import RING

MARK = "SKAL-IKKE-SES-9901019999"


def _unnamed(metadata: MetaData) -> list[str]:
    return [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if data_classes.class_of(table.name, column.name) is None
    ]


def test_every_column_says_what_kind_of_data_it_holds() -> None:
    assert _unnamed(SQLModel.metadata) == []
    there = {
        (table.name, column.name) for table in SQLModel.metadata.tables.values() for column in table.columns
    }
    assert data_classes.named() <= there


def test_the_control_a_new_column_without_a_class_is_found() -> None:
    copy = MetaData()
    table = SQLModel.metadata.tables["citizen"].to_metadata(copy)
    table.append_column(Column("shoe_size", String()))
    assert _unnamed(copy) == ["citizen.shoe_size"]


def test_the_sensitive_classes_are_sealed_and_nothing_else_is() -> None:
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            sensitive = data_classes.class_of(table.name, column.name) in data_classes.SEALED
            assert isinstance(column.type, Sealed) == sensitive, f"{table.name}.{column.name}"


# ------------------------------------------------------------------ nothing to see in a dump


async def _fill_every_sealed_column(store: Store) -> int:
    """The mark in every sealed column of a row of every table that has one; gives how many."""
    filled = 0
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        order = list(SQLModel.metadata.sorted_tables)
        for table in sorted(rotation.sealed_tables(), key=lambda one: order.index(inspect(one).local_table)):
            row = rows.bare(table, **_KNOWN.get(table.__name__, {}))
            for name, kind in sealed_columns(inspect(table)).items():
                setattr(row, name, MARK if kind.kind == "text" else {"said": [MARK]})
                filled += 1
            unit.add(row)
            await unit.flush()
        await unit.commit(unnoted=True)
    return filled


_KNOWN = {
    "Citizen": {"subject": "filled", "channel": "email"},
    "Conversation": {"citizen_id": cast.identity("amina"), "state": "held", "form": "phone", "asked_via": "portal", "team_id": "modtagelse"},
    "Dialogue": {"citizen_id": cast.identity("amina"), "finished_at": cast.NOW},
    "PlacementCase": {"id": "1" * 32, "company_id": cast.identity("bos-firma"), "created_by": cast.identity("bo"), "state": "draft", "scheme": "placement"},
    "Candidate": {"id": "1" * 32, "state": "named"},
    "Message": {"case_kind": "placement"},
    "AccessSample": {"line_id": "2" * 32},
}  # fmt: skip


async def _dump(url: str) -> str:
    """Everything the database holds, as whoever stole a dump would read it."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite+aiosqlite:///"))
        with sqlite3.connect(file) as connection:
            text_of = "\n".join(connection.iterdump())
        connection.close()
        raw = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        return text_of + raw.decode("latin-1")
    async with behind(url) as connection:
        lines: list[str] = []
        for table in SQLModel.metadata.tables:
            lines += (await connection.execute(text(f'SELECT t::text FROM "{table}" t'))).scalars().all()
    return "\n".join(lines)


async def _with_a_look_to_sign(store: Store, url: str) -> None:
    async with behind(url) as connection:
        await connection.execute(
            text(
                "INSERT INTO accessline (municipality, id, at, staff_id, role, unit, citizen_id, subject_kind, subject_id,"
                " purpose, relation) VALUES ('740', :id, :at, 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'none')"
            ),
            {"id": "2" * 32, "at": cast.NOW if "postgresql" in url else cast.NOW.isoformat(" ")},
        )


async def test_a_dump_shows_no_number_and_nothing_sensitive(store: Store, database: str) -> None:
    await _with_a_look_to_sign(store, database)
    assert await _fill_every_sealed_column(store) >= 18
    assert MARK not in await _dump(database)
    async with store.reading(cast.HOME) as reader:
        for table in rotation.sealed_tables():
            found = [
                getattr(row, name)
                for row in await reader.rows(select(table))
                for name in sealed_columns(inspect(table))
            ]
            assert any(MARK in str(value) for value in found), table.__name__


async def test_the_control_the_dump_shows_what_is_not_sealed(store: Store, database: str) -> None:
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        (await unit.find(Citizen, cast.identity("amina"))).phone = MARK
        await unit.commit(unnoted=True)
    assert MARK in await _dump(database)


# ------------------------------------------------------------------ only in its own place, only with its own key


async def _about(store: Store, name: str, about: str) -> str:
    known = {**_KNOWN["Conversation"], "citizen_id": cast.identity(name)}
    row = rows.bare(Conversation, about=about, **known)
    async with store.writing(cast.citizen(name), cast.NOW) as unit:
        unit.add(row)
        await unit.commit(unnoted=True)
    return row.id


async def test_a_value_moved_to_another_row_does_not_open(store: Store, database: str) -> None:
    one, other = await _about(store, "amina", "min ryg"), await _about(store, "birger", "intet")
    async with behind(database) as connection:
        await connection.execute(
            text(
                "UPDATE conversation SET about = (SELECT about FROM conversation WHERE id = :one) WHERE id = :other"
            ),
            {"one": one, "other": other},
        )
    async with store.reading(cast.HOME) as reader:
        assert (await reader.find(Conversation, one)).about == "min ryg"
        with pytest.raises(SealBrokenError):
            await reader.find(Conversation, other)


def test_a_value_opens_in_its_own_column_and_municipality_only() -> None:
    where = place("citizen", "cpr", "740", "a")
    sealed = RING.seal(b"9901019999", where)
    assert RING.open(sealed, where) == b"9901019999"
    assert sealed != RING.seal(b"9901019999", where)
    for elsewhere in (
        place("citizen", "benefit", "740", "a"),
        place("citizen", "cpr", "751", "a"),
        place("citizen", "cpr", "740", "b"),
    ):
        with pytest.raises(SealBrokenError):
            RING.open(sealed, elsewhere)
    for broken in (sealed[:-4], sealed + "AAAA", sealed.replace("k1:", "k9:"), "k1:", "", "k1:%%%"):
        with pytest.raises(SealBrokenError):
            RING.open(broken, where)


def test_a_number_is_found_by_a_hash_of_its_own_in_each_municipality() -> None:
    assert RING.blind("citizen.cpr", "740", "9901019999") == RING.blind("citizen.cpr", "740", "9901019999")
    assert RING.blind("citizen.cpr", "740", "9901019999") != RING.blind("citizen.cpr", "751", "9901019999")
    assert RING.blind("citizen.cpr", "740", "9901019999") != new_ring().blind(
        "citizen.cpr", "740", "9901019999"
    )


async def test_a_plain_value_is_never_compared_or_kept_unsealed(store: Store) -> None:
    async with store.reading(cast.HOME) as reader:
        with pytest.raises(Exception, match="takes no plain value"):
            await reader.all(select(Citizen.id).where(Citizen.cpr == "9901019999"))
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        with pytest.raises(Exception, match="takes no plain value"):
            await unit.session.execute(update(Citizen).values(benefit="sygedagpenge"))


async def test_a_sealed_column_without_its_rows_id_is_an_error(store: Store) -> None:
    await _about(store, "amina", "min ryg")
    async with store.reading(cast.HOME) as reader:
        with pytest.raises(UnsealedError):
            await reader.all(select(Conversation.about))
        joined = select(Citizen.id, Conversation.about).join(
            Conversation, Conversation.citizen_id == Citizen.id
        )
        with pytest.raises(UnsealedError):
            await reader.all(joined)
        assert await reader.all(select(Conversation.id, Conversation.about)) != []


async def test_a_change_is_sealed_and_what_was_not_changed_is_left_alone(store: Store, database: str) -> None:
    talk = await _about(store, "amina", "første")
    before = await _raw(database, talk)
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        row = await unit.find(Conversation, talk)
        row.version += 1
        await unit.commit(unnoted=True)
        assert row.about == "første"
    assert await _raw(database, talk) == before
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        (await unit.find(Conversation, talk)).about = "anden"
        await unit.commit(unnoted=True)
    assert await _raw(database, talk) != before


async def _raw(url: str, talk: str) -> str:
    async with behind(url) as connection:
        found = await connection.execute(text("SELECT about FROM conversation WHERE id = :id"), {"id": talk})
        return str(found.scalar_one())


# ------------------------------------------------------------------ the ring


async def test_a_lost_or_foreign_key_ring_is_said_before_the_first_page(
    database: str, tmp_path: Path
) -> None:
    right = Store(database, RING)
    assert await readiness.trouble(right, demo=True) == []
    await right.close()
    wrong = Store(database, new_ring())
    said = await readiness.trouble(wrong, demo=True)
    await wrong.close()
    assert len(said) == 2
    assert "put the right key ring back" in said[0]
    with pytest.raises(KeyRingError, match="put the ring back"):
        open_ring(tmp_path / "none.json")


def test_a_ring_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    new_ring(file)
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(KeyRingError, match="exists already"):
        new_ring(file)
    whole = file.read_text(encoding="utf-8")
    for damaged in ("", "{}", whole[:40], whole.replace('"k1"', '"k7"', 1)):
        file.write_text(damaged, encoding="utf-8")
        with pytest.raises(KeyRingError):
            open_ring(file)
    file.write_text(whole, encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(KeyRingError, match="chmod 600"):
        open_ring(file)


async def test_sealing_anew_can_be_stopped_anywhere_and_begun_again(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ring.json"
    file.write_text(RING.path.read_text(encoding="utf-8"), encoding="utf-8")
    file.chmod(0o600)
    store = Store(database, open_ring(file))
    talks = [await _about(store, "amina", f"samtale {number}") for number in range(7)]
    old = open_ring(file)
    new = store.ring.add_key()
    for code in (cast.HOME, cast.NEXT_DOOR):
        await rotation.mark(store, code, new, cast.NOW)
    store.ring.use(new)
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    real, batches = rotation.flag_modified, []

    def stops_after_some(row: object, name: str) -> None:
        batches.append(row)
        if len(batches) > 9:
            raise KeyboardInterrupt
        real(row, name)

    monkeypatch.setattr(rotation, "flag_modified", stops_after_some)
    with pytest.raises(KeyboardInterrupt):
        await rotation.seal_anew(store, cast.HOME, cast.NOW)
    monkeypatch.setattr(rotation, "flag_modified", real)
    async with store.reading(cast.HOME) as reader:
        assert await rotation.left(reader, "k2") > 0
        assert [(await reader.find(Conversation, talk)).about for talk in talks] == [
            f"samtale {n}" for n in range(7)
        ]
    assert not await rotation.forget(store, cast.HOME, "k1", cast.NOW)
    for code in (cast.HOME, cast.NEXT_DOOR):
        await rotation.seal_anew(store, code, cast.NOW)
        assert await rotation.forget(store, code, "k1", cast.NOW)
    other = Store(database, old)  # a process that still has the ring as it was reads the file again
    async with other.reading(cast.HOME) as reader:
        assert (await reader.find(Conversation, talks[3])).about == "samtale 3"
    await other.close()
    store.ring.drop("k1")
    assert await readiness.trouble(store, demo=True) == []
    async with store.reading(cast.HOME) as reader:
        assert [(await reader.find(Conversation, talk)).about for talk in talks] == [
            f"samtale {n}" for n in range(7)
        ]
    await store.close()


def test_sealed_is_watched_on_every_table() -> None:
    assert sealing.sealed_columns(inspect(Citizen)).keys() == {"cpr", "benefit"}
    assert everything("sqlite+aiosqlite:///x") == "sqlite+aiosqlite:///x"
