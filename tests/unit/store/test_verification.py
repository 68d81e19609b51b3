"""The journal's chain: every edit, gap, swap and cut tail is found, and the first bad row is named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from portal.store import journal, verification
from portal.store.database import Store
from portal.store.verification import Anchor, Finding
from tests import cast
from tests.conftest import behind


async def _write(store: Store, lines: int = 12) -> None:
    for number in range(lines):
        async with store.writing(cast.staff("clara"), cast.NOW) as unit:
            journal.note(
                unit, "placement.read", "placement", f"case{number}", f"ord {number}", {"n": number}, n=number
            )
            await unit.commit()


async def _verify(store: Store, anchor: Anchor | None = None) -> list[Finding]:
    async with store.reading(cast.HOME) as reader:
        return await verification.verify(reader, anchor)


async def _head(store: Store) -> Anchor:
    async with store.reading(cast.HOME) as reader:
        return await verification.head(reader)


async def test_an_untouched_journal_is_whole_with_and_without_an_anchor(store: Store) -> None:
    await _write(store)
    anchor = await _head(store)
    assert anchor.number == 12
    await _write(store, 3)
    assert await _verify(store) == []
    assert await _verify(store, anchor) == []
    async with store.reading(cast.NEXT_DOOR) as reader:
        assert await verification.verify(reader) == []


TAMPERED = {
    "an edited fact": ("UPDATE journal SET facts = '{\"n\": 99}' WHERE {here} AND number = 5", 5),
    "another doer": ("UPDATE journal SET actor_id = 'x' WHERE {here} AND number = 4", 4),
    "another case": ("UPDATE journal SET subject_id = 'x' WHERE {here} AND number = 1", 1),
    "another code": ("UPDATE journal SET code = 'placement.refused' WHERE {here} AND number = 12", 12),
    "a line taken out": ("DELETE FROM journal WHERE {here} AND number = 6", 7),
    "a line moved to the next number": ("UPDATE journal SET number = 13 WHERE {here} AND number = 3", 4),
    "the first line taken out": ("DELETE FROM journal WHERE {here} AND number = 1", 2),
    "edited words": ("UPDATE journaldetail SET actor_name = 'Carl' WHERE id = (SELECT id FROM journal WHERE {here} AND number = 8)", 8),
    "the personal part taken out": ("DELETE FROM journaldetail WHERE id = (SELECT id FROM journal WHERE {here} AND number = 9)", 9),
    "the personal part half shredded": ("UPDATE journaldetail SET salt = '' WHERE id = (SELECT id FROM journal WHERE {here} AND number = 2)", 2),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_was_tampered_with_is_named(store: Store, database: str, how: str) -> None:
    await _write(store)
    statement, line = TAMPERED[how]
    async with behind(database) as connection:
        await connection.execute(
            text(statement.replace("{here}", "municipality = '740'").replace(":", "\\:"))
        )
    found = await _verify(store)
    assert [one.line for one in found[:1]] == [line]
    async with store.reading(cast.NEXT_DOOR) as reader:
        assert await verification.verify(reader) == []


async def test_two_lines_that_changed_places_are_found(store: Store, database: str) -> None:
    await _write(store)
    async with behind(database) as connection:
        for old, new in ((5, 100), (6, 5), (100, 6)):
            await connection.execute(
                text(f"UPDATE journal SET number = {new} WHERE municipality = '740' AND number = {old}")
            )
    assert [one.line for one in await _verify(store)] == [5]


async def _cut(database: str, keep: int) -> None:
    """Takes the tail off as somebody would who knows how: the head is set back too."""
    async with behind(database) as connection:
        await connection.execute(
            text(
                f"DELETE FROM journaldetail WHERE id IN (SELECT id FROM journal WHERE municipality = '740' AND number > {keep})"
            )
        )
        await connection.execute(text(f"DELETE FROM journal WHERE municipality = '740' AND number > {keep}"))
        await connection.execute(
            text(
                "UPDATE journalhead SET number = :n, hash = (SELECT hash FROM journal WHERE municipality = '740' AND number = :n)"
                " WHERE municipality = '740'"
            ),
            {"n": keep},
        )


async def test_a_cut_tail_is_found_against_the_anchor_and_only_there(store: Store, database: str) -> None:
    await _write(store)
    anchor = await _head(store)
    await _cut(database, 9)
    assert await _verify(store) == []  # the control: without an anchor nothing shows
    found = await _verify(store, anchor)
    assert [(one.kind, one.line) for one in found] == [("anchor", 9)]
    await _write(store, 5)  # grown again past the anchor's number, with other lines
    found = await _verify(store, anchor)
    assert [(one.kind, one.line) for one in found] == [("anchor", 12)]


async def test_a_sealed_value_that_does_not_open_is_named(store: Store, database: str) -> None:
    async with behind(database) as connection:
        await connection.execute(
            text("UPDATE citizen SET benefit = 'k1:AAAA' WHERE id = :id"), {"id": cast.identity("birger")}
        )
    found = await _verify(store)
    assert [(one.kind, one.row) for one in found] == [("seal", f"citizen {cast.identity('birger')}")]


async def test_the_control_the_app_itself_cannot_change_a_line(postgres_database: str) -> None:
    """On PostgreSQL the portal's own role may only add to the journal."""
    from tests.keys import RING  # noqa: PLC0415

    store = Store(postgres_database, RING)
    await _write(store, 1)
    for verb in (
        "UPDATE journal SET code = 'x'",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "DELETE FROM erasure",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with store.engine.begin() as connection:
                await connection.execute(text(verb))
    await store.close()
