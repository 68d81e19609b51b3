"""The rights of the person: everything exported, everything erased, the journal whole and the months unchanged."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlmodel import SQLModel

from portal.domain.errors import NotFoundError, RefusedError
from portal.domain.people import system
from portal.store import data_classes, journal, ledger, persons, retention, statistics, verification
from portal.store.database import Store
from portal.store.keys import SealBrokenError, place
from portal.store.sealing import sealed_columns
from portal.store.tables import (
    AccessLine,
    AccessPurpose,
    Booking,
    Breach,
    Candidate,
    Citizen,
    Conversation,
    Dialogue,
    Message,
    Outbox,
    PlacementCase,
    Relation,
    RequestKey,
    Slot,
    Tally,
    TenantRow,
)
from tests import cast, rows
from tests.conftest import behind

MARK = "Aminas-eget-0411"
AMINA = cast.identity("amina")
TALK, WALK, CASE = "a" * 32, "b" * 32, "c" * 32


async def _live(store: Store) -> None:
    """Amina with something everywhere: what she wrote, what was decided, who looked."""
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        row = await unit.find(Citizen, AMINA)
        row.name = row.email = row.phone = row.address = row.benefit = MARK
        row.cpr, row.cpr_index = MARK, unit.ring.blind("citizen.cpr", cast.HOME, MARK)
        slot = (await unit.rows(select(Slot).limit(1)))[0]
        made = [
            rows.bare(Conversation, id=TALK, citizen_id=AMINA, about=MARK, language=MARK, state="held", form="phone",
                      asked_via="portal", team_id="modtagelse", held_on=cast.NOW.date(), routed_because={"x": MARK}),
            rows.bare(Dialogue, id=WALK, citizen_id=AMINA, answers={"x": MARK}, outcome={"route": "self_directed"},
                      finished_at=cast.NOW),
            rows.bare(PlacementCase, id=CASE, company_id=cast.identity("bos-firma"), created_by=cast.identity("bo"),
                      state="closed", scheme="placement", form={"candidate_name": MARK}, team_id="virksomhedsteam",
                      updated_at=cast.NOW),
            rows.bare(Relation, citizen_id=AMINA, kind="companion", name=MARK),
            rows.bare(Relation, citizen_id=cast.identity("birger"), representative_id=AMINA, kind="power_of_attorney", name=MARK),
            rows.bare(Message, case_kind="conversation", case_id=TALK, reader_id=AMINA, body=MARK, author=MARK),
            rows.bare(Message, case_kind="placement", case_id=CASE, reader_id=cast.identity("bos-firma"), facts={"candidate_name": MARK}),
            rows.bare(AccessLine, staff_id=cast.identity("clara"), citizen_id=AMINA, relation="none", subject_kind="conversation", purpose="covering"),
            rows.bare(AccessPurpose, citizen_id=AMINA),
            rows.bare(RequestKey, actor_id=AMINA, result=f"/x/{MARK}"),
            rows.bare(Breach, kind="conversation", subject_id=TALK),
            rows.bare(Outbox, to=MARK, once=f"conversation.receipt:{TALK}:1", state="sent"),
        ]  # fmt: skip
        for one in made[:3]:
            unit.add(one)
        await unit.flush()
        for one in made[3:]:
            unit.add(one)
        unit.add(
            rows.bare(
                Candidate,
                id=CASE,
                citizen_id=AMINA,
                name=MARK,
                state="confirmed",
                facts={"x": MARK},
                lives_in="740",
            )
        )
        unit.add(rows.bare(Booking, conversation_id=TALK, slot_id=slot.id, active=False))
        journal.note(unit, "conversation.requested", "conversation", TALK, MARK, {"x": MARK})
        await unit.commit()
    async with store.writing(cast.staff("clara"), cast.NOW) as unit:
        journal.note(unit, "conversation.held", "conversation", TALK, f"{MARK} kom til tiden")
        journal.note(unit, "placement.granted", "placement", CASE)
        await unit.commit()


async def _whole_database(store: Store, url: str) -> str:
    """Every value of every row, sealed ones opened: what somebody with the key ring could find."""
    said: list[str] = []
    async with behind(url) as connection:
        for name, table in SQLModel.metadata.tables.items():
            cls = next((one for one in TenantRow.__subclasses__() if one.__tablename__ == name), None)
            sealed = sealed_columns(inspect(cls)) if cls else {}
            for row in (await connection.execute(text(f'SELECT * FROM "{name}"'))).mappings():
                for column in table.columns:
                    value = row[column.name]
                    if column.name in sealed and value is not None:
                        where = place(name, column.name, row["municipality"], row["id"])
                        try:
                            value = store.ring.open(value, where).decode()
                        except SealBrokenError:
                            value = ""
                    said.append(f"{name}.{column.name}={value}")
    return "\n".join(said)


def test_every_table_with_something_personal_is_exported_and_erased_or_explained() -> None:
    ruled = {table.__tablename__ for table in persons.SECTIONS}
    for table in SQLModel.metadata.tables.values():
        classes = {data_classes.class_of(table.name, column.name) for column in table.columns}
        if classes & {data_classes.PERSONAL, data_classes.CPR, data_classes.ARTICLE_9}:
            assert table.name in ruled | set(persons.EXPLAINED), table.name


async def test_the_export_holds_everything_of_mine_and_nothing_of_others(store: Store) -> None:
    await _live(store)
    async with store.reading(cast.HOME) as reader:
        mine = await persons.export(reader, AMINA)
        his = await persons.export(reader, cast.identity("birger"))
    expected = {"citizen", "conversation", "booking", "breach", "dialogue", "candidate", "message", "relation", "accessline",
                "accesspurpose", "requestkey", "outbox", "journal"}  # fmt: skip
    assert set(mine) == expected
    for table in ("citizen", "conversation", "dialogue", "candidate", "message", "relation", "outbox"):
        assert MARK in repr(mine[table]), table
    assert [line["code"] for line in mine["journal"]] == ["conversation.requested", "conversation.held"]
    assert "code_hash" not in repr(mine)
    his.pop("relation")
    assert MARK not in repr(his)


async def test_after_the_erasure_nothing_is_left_and_the_journal_and_the_months_are_whole(
    store: Store, database: str
) -> None:
    await _live(store)
    assert MARK in await _whole_database(store, database)  # the control
    async with store.reading(cast.HOME) as reader:
        before, anchor = await statistics.months(reader), await verification.head(reader)
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        gone = await persons.erase(unit, persons.CITIZEN, AMINA)
        await unit.commit()
    assert gone["conversation"] == gone["dialogue"] == gone["booking"] == 1
    assert MARK not in await _whole_database(store, database)
    async with store.reading(cast.HOME) as reader:
        assert await statistics.months(reader) == before
        assert await verification.verify(reader, anchor) == []
        months = {row[0] for row in await reader.all(select(Tally.month))}
    assert all(len(month) == 7 for month in months)
    with pytest.raises(NotFoundError):
        async with store.writing(system(cast.HOME), cast.NOW) as unit:
            await persons.erase(unit, persons.CITIZEN, AMINA)


async def test_nobody_is_erased_while_a_conversation_is_open(store: Store) -> None:
    await _live(store)
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        (await unit.find(Conversation, TALK)).state = "waiting"
        await unit.commit(unnoted=True)
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        with pytest.raises(RefusedError):
            await persons.erase(unit, persons.CITIZEN, AMINA)


async def test_a_company_user_leaves_their_cases_behind_without_a_name(store: Store, database: str) -> None:
    await _live(store)
    async with store.writing(cast.employer("bo"), cast.NOW) as unit:
        journal.note(unit, "placement.sent", "placement", CASE, "Bo-skrev-dette")
        await unit.commit()
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        await persons.erase(unit, persons.COMPANY_USER, cast.identity("bo"))
        await unit.commit()
    said = await _whole_database(store, database)
    assert "bo@test.example" not in said
    assert "Bo-skrev-dette" not in said
    assert "companyuser.name=Bo" not in said
    async with store.reading(cast.HOME) as reader:
        assert await verification.verify(reader) == []


# ------------------------------------------------------------------ retention


async def test_a_dry_run_says_what_a_run_does_and_changes_nothing(store: Store, database: str) -> None:
    await _live(store)
    later = cast.NOW + timedelta(days=366)
    untouched = await _whole_database(store, database)
    async with store.reading(cast.HOME) as reader:
        due = await retention.due(reader, later)
    assert await _whole_database(store, database) == untouched
    assert (
        due["what a conversation was about"] == due["facts about candidates"] == due["forms carried out"] == 1
    )
    async with store.reading(cast.HOME) as reader:
        before = await statistics.months(reader)
    async with store.writing(system(cast.HOME), later) as unit:
        assert await retention.apply(unit) == due
        await unit.commit()
    async with store.reading(cast.HOME) as reader:
        assert set((await retention.due(reader, later)).values()) == {0}
        assert (await reader.find(Conversation, TALK)).about == ""
        assert (await reader.find(Dialogue, WALK)) is not None
        assert await statistics.months(reader) == before


async def test_after_many_years_only_bare_lines_are_left_and_they_verify(store: Store, database: str) -> None:
    await _live(store)
    later = cast.NOW + timedelta(days=3_000)
    async with store.reading(cast.HOME) as reader:
        before = await statistics.months(reader)
    async with store.writing(system(cast.HOME), later) as unit:
        await retention.apply(unit)
        await unit.commit()
    async with store.reading(cast.HOME) as reader:
        assert await verification.verify(reader) == []
        assert await statistics.months(reader) == before
        assert (await reader.find(Dialogue, WALK)) is None
    assert f"{MARK} kom til tiden" not in await _whole_database(store, database)


def test_the_ledger_is_read_as_it_was_written_and_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "erasures.jsonl"
    assert list(ledger.read(file)) == []
    entry = ledger.Entry("740", "citizen", AMINA, cast.NOW)
    ledger.add(file, entry)
    ledger.add(file, entry)
    assert list(ledger.read(file)) == [entry, entry]
    file.write_text(file.read_text() + "{}\n")
    with pytest.raises(ledger.LedgerError, match="line 3"):
        list(ledger.read(file))
