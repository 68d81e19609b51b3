"""The store on both engines: scope, units of work, slots, journal, outbox, sweep. Each guard with its control."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text

from portal import worker
from portal.domain.errors import ConflictError
from portal.domain.people import system
from portal.letters import RefusedLetterError, UncertainLetterError
from portal.store import conversations, journal, outbox, times
from portal.store.conversations import Wish
from portal.store.database import AlreadyThereError, NoMunicipalityError, Store, new_id
from portal.store.tables import Booking, Breach, Citizen, Conversation, Journal, Outbox, Slot, Team
from tests import cast
from tests.conftest import behind

NOW = cast.NOW


async def _ask(store: Store, name: str, slot: str | None = None) -> str:
    async with store.writing(cast.citizen(name), NOW) as unit:
        talk = await conversations.request_conversation(unit, cast.identity(name), Wish("phone"), slot)
        await unit.commit()
        return talk


async def _first_slot(store: Store) -> str:
    async with store.reading(cast.HOME) as reader:
        return (await reader.one(select(Slot.id).order_by(Slot.starts_at).limit(1)))[0]


# ------------------------------------------------------------------ scope


async def test_a_session_sees_one_municipality_only(store: Store) -> None:
    async with store.reading(cast.HOME) as reader:
        here = {row[0] for row in await reader.all(select(Citizen.municipality))}
        assert await reader.find(Citizen, cast.identity("dan")) is None
        joined = await reader.all(select(Team.municipality).join(Slot, Slot.team_id == Team.id))
    assert here == {cast.HOME}
    assert {row[0] for row in joined} == {cast.HOME}


async def test_a_session_without_a_municipality_raises(store: Store) -> None:
    with pytest.raises(NoMunicipalityError):
        async with store.reading(""):
            pass
    async with store._session(store.engine, None) as session:
        with pytest.raises(NoMunicipalityError):
            await session.execute(select(Citizen.id))


async def test_what_cannot_be_scoped_is_refused(store: Store) -> None:
    async with store.reading(cast.HOME) as reader:
        for statement in (
            text("SELECT * FROM citizen"),
            select(Citizen.__table__),
            insert(Team).values(municipality="751", id="x", name_da="x", name_en="x", kind="citizen"),
        ):
            with pytest.raises(NoMunicipalityError):
                await reader.session.execute(statement)


async def test_a_row_of_another_municipality_cannot_be_written(store: Store) -> None:
    async with store.writing(system(cast.HOME), NOW) as unit:
        unit.add(Team(municipality=cast.NEXT_DOOR, id="x", name_da="x", name_en="x", kind="citizen"))
        with pytest.raises(NoMunicipalityError):
            await unit.flush()


async def test_the_control_an_unscoped_session_would_see_both(database: str) -> None:
    async with behind(database) as connection:
        seen = {row[0] for row in await connection.execute(text("SELECT municipality FROM citizen"))}
    assert seen == {cast.HOME, cast.NEXT_DOOR}


# ------------------------------------------------------------------ slots


async def _race(store: Store, slot: str) -> list[str]:
    async def one(name: str) -> str:
        try:
            await _ask(store, name, slot)
        except ConflictError as error:
            return error.code
        return "booked"

    return sorted(await asyncio.gather(one("amina"), one("birger")))


async def test_two_at_once_on_one_slot_one_wins(store: Store) -> None:
    assert await _race(store, await _first_slot(store)) == ["booked", "slot.taken"]


async def test_the_control_without_the_index_both_get_the_slot(store: Store, database: str) -> None:
    """The database makes double booking impossible, not a check before an insert: drop the index and it happens."""
    async with behind(database) as connection:
        await connection.execute(text("DROP INDEX uq_booking_slot"))
    slot = await _first_slot(store)
    assert await _race(store, slot) == ["booked", "booked"]
    async with store.reading(cast.HOME) as reader:
        taken = await reader.one(select(func.count()).select_from(Booking).where(Booking.slot_id == slot))
    assert taken[0] == 2


async def test_a_citizen_has_one_open_request(store: Store) -> None:
    await _ask(store, "amina")
    with pytest.raises(ConflictError, match=r"conversation\.open"):
        await _ask(store, "amina")


# ------------------------------------------------------------------ units of work


async def test_nothing_is_kept_of_an_action_that_fails(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.writing(cast.citizen("amina"), NOW) as unit:
            await conversations.request_conversation(unit, cast.identity("amina"), Wish("phone"), None)
            raise ZeroDivisionError
    async with store.reading(cast.HOME) as reader:
        for table in (Conversation, Outbox, Journal):
            assert (await reader.one(select(func.count()).select_from(table)))[0] == 0


async def test_an_action_without_a_journal_line_is_refused(store: Store) -> None:
    async with store.writing(cast.citizen("amina"), NOW) as unit:
        with pytest.raises(RuntimeError, match="without a journal line"):
            await unit.commit()


async def test_an_unknown_kind_of_journal_line_raises(store: Store) -> None:
    async with store.writing(cast.citizen("amina"), NOW) as unit:
        with pytest.raises(KeyError):
            journal.note(unit, "something.happened", "x", "y")


async def test_journal_numbers_have_no_gaps_however_many_write(store: Store) -> None:
    async def write(count: int) -> None:
        async with store.writing(cast.staff("ada"), NOW) as unit:
            for _ in range(count):
                journal.note(unit, "team.changed", "team", "x")
            await unit.commit()

    await asyncio.gather(*(write(1 + each % 3) for each in range(12)))
    async with store.reading(cast.HOME) as reader:
        numbers = [row[0] for row in await reader.all(select(Journal.number).order_by(Journal.number))]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_two_who_press_a_button_and_then_want_the_municipality_do_not_wait_for_each_other(
    store: Store,
) -> None:
    """Each has added a row that refers to the municipality before either locks it: one comes after the other."""
    both = asyncio.Barrier(
        1 if store.is_sqlite else 2
    )  # on SQLite the second begins when the first has ended

    async def press(key: str) -> None:
        async with store.writing(cast.citizen("amina"), NOW) as unit:
            await unit.once(key)
            await both.wait()
            await unit.here(lock=True)
            await unit.commit(unnoted=True)

    await asyncio.gather(press("k1"), press("k2"))


async def test_a_forms_key_is_carried_out_once(store: Store) -> None:
    async def press() -> str:
        async with store.writing(cast.citizen("amina"), NOW) as unit:
            earlier = await unit.once("k1")
            if earlier is not None:
                return f"again {earlier}"
            journal.note(unit, "citizen.changed", "citizen", "x")
            await unit.commit("/there")
            return "first"

    answers = sorted(await asyncio.gather(*(press() for _ in range(5))))
    assert answers == ["again /there"] * 4 + ["first"]


# ------------------------------------------------------------------ outbox


async def _post(store: Store, once: str = "x") -> None:
    async with store.writing(system(cast.HOME), NOW) as unit:
        outbox.post(unit, "new_message", to="amina@test.example", lang="da", once=once, door="borger")
        journal.note(unit, "demo.loaded", "x", "x")
        await unit.commit()


async def _states(store: Store) -> list[str]:
    async with store.reading(cast.HOME) as reader:
        return [row[0] for row in await reader.all(select(Outbox.state).order_by(Outbox.once))]


async def _deliver(store: Store, send, now=NOW) -> None:
    place = await store.municipality_at("silkeborg")
    await worker.deliver(store, place, send, "http://localhost", lambda: now, new_id())


async def test_two_workers_at_once_send_each_letter_once(store: Store) -> None:
    for each in range(6):
        await _post(store, f"letter{each}")
    sent: list[str] = []

    async def send(mail) -> None:
        await asyncio.sleep(0)
        sent.append(mail["Message-ID"])

    await asyncio.gather(*(_deliver(store, send) for _ in range(3)))
    assert len(sent) == len(set(sent)) == 6
    assert await _states(store) == ["sent"] * 6


async def test_a_refused_letter_is_tried_again_later_and_an_uncertain_one_never(store: Store) -> None:
    await _post(store)

    async def refuse(_mail) -> None:
        raise RefusedLetterError("550")

    async def break_off(_mail) -> None:
        raise UncertainLetterError("reset")

    async def fine(_mail) -> None:
        raise AssertionError("must not be sent again")

    await _deliver(store, refuse)
    assert await _states(store) == ["failed"]
    await _deliver(store, fine)
    await _deliver(store, break_off, NOW + timedelta(minutes=3))
    assert await _states(store) == ["uncertain"]
    await _deliver(store, fine, NOW + timedelta(days=3))
    async with store.reading(cast.HOME) as reader:
        assert len(await outbox.troubled(reader)) == 1


async def test_a_letter_whose_worker_died_is_uncertain_not_sent_twice(store: Store) -> None:
    await _post(store)
    async with store.writing(system(cast.HOME), NOW) as unit:
        assert await outbox.lease(unit, "dead") is not None
        await unit.commit(unnoted=True)

    async def fine(_mail) -> None:
        raise AssertionError("must not be sent again")

    await _deliver(store, fine, NOW + timedelta(minutes=1))
    assert await _states(store) == ["sending"]
    await _deliver(store, fine, NOW + timedelta(minutes=3))
    assert await _states(store) == ["uncertain"]
    async with store.writing(cast.staff("ada"), NOW + timedelta(minutes=4)) as unit:
        letter = (await outbox.troubled(unit))[0]
        await outbox.resolve(unit, letter.id, again=True)
        await unit.commit()
    assert await _states(store) == ["pending"]


async def test_a_worker_that_dies_leaves_only_the_letter_it_was_sending_in_doubt(store: Store) -> None:
    for each in range(4):
        await _post(store, f"letter{each}")

    async def die_at_the_second(mail) -> None:
        if len(sent) == 1:
            raise asyncio.CancelledError
        sent.append(mail)

    sent: list[object] = []
    with pytest.raises(asyncio.CancelledError):
        await _deliver(store, die_at_the_second)
    assert sorted(await _states(store)) == ["pending", "pending", "sending", "sent"]


async def test_the_letter_says_only_that_there_is_a_message(store: Store) -> None:
    await _ask(store, "amina")
    mails = []

    async def keep(mail) -> None:
        mails.append(mail)

    await _deliver(store, keep)
    body = mails[0].get_content()
    assert "Der er en ny besked til dig" in body
    assert "http://localhost/silkeborg/log-ind/borger" in body
    for word in ("samtale", "Amina", "frist"):
        assert word not in body


# ------------------------------------------------------------------ promises


async def test_the_sweep_finds_every_broken_promise_however_late_and_once(store: Store) -> None:
    await _ask(store, "amina")
    assert await worker.sweep(store, cast.HOME, NOW + timedelta(days=10)) == 0
    after = NOW + timedelta(days=40)
    found = await asyncio.gather(*(worker.sweep(store, cast.HOME, after) for _ in range(3)))
    assert sum(found) == 1
    assert await worker.sweep(store, cast.HOME, after + timedelta(days=1)) == 0
    async with store.reading(cast.HOME) as reader:
        breach = (await reader.rows(select(Breach)))[0]
    assert (breach.kind, breach.cause) == ("conversation", "no_time")


async def test_a_conversation_held_too_late_is_in_the_register(store: Store) -> None:
    talk = await _ask(store, "amina")
    async with store.reading(cast.HOME) as reader:
        late = (
            await reader.one(
                select(Slot.id)
                .where(Slot.starts_at > NOW + timedelta(days=14))
                .order_by(Slot.starts_at)
                .limit(1)
            )
        )[0]
    async with store.writing(cast.staff("rikke"), NOW) as unit:
        await conversations.book(unit, talk, late)
        await unit.commit()
    after = NOW + timedelta(days=20)
    async with store.writing(cast.staff("rikke"), after) as unit:
        await conversations.hold(unit, talk, (await times.own(unit, talk, cast.identity("amina"))).version)
        await unit.commit()
    assert await worker.sweep(store, cast.HOME, after) == 0
    async with store.reading(cast.HOME) as reader:
        assert (await reader.rows(select(Breach)))[0].cause == "held_late"


@pytest.mark.parametrize("verb", [conversations.hold, conversations.miss])
async def test_what_was_noted_after_midnight_but_happened_in_time_leaves_the_register(
    store: Store, verb
) -> None:
    talk = await _ask(store, "amina", await _first_slot(store))
    after = NOW + timedelta(days=12)
    assert await worker.sweep(store, cast.HOME, after) == 1
    async with store.reading(cast.HOME) as reader:
        seen = await times.own(reader, talk, cast.identity("amina"))
    assert (seen.is_late(after.date()), seen.is_unnoted(after.date())) == (True, True)
    async with store.writing(cast.staff("rikke"), after) as unit:
        await verb(unit, talk, seen.version)
        await unit.commit()
    assert await worker.sweep(store, cast.HOME, after + timedelta(days=1)) == 0
    async with store.reading(cast.HOME) as reader:
        assert await reader.rows(select(Breach)) == []
        codes = [row[0] for row in await reader.all(select(Journal.code).where(Journal.subject_id == talk))]
    assert {"promise.broken", "promise.kept"} <= set(codes)


async def test_calendars_are_extended_and_two_workers_do_it_once(store: Store) -> None:
    later = NOW + timedelta(days=30)
    await asyncio.gather(*(worker.extend(store, cast.HOME, later) for _ in range(2)))
    async with store.reading(cast.HOME) as reader:
        count, newest = await reader.one(select(func.count(), func.max(Slot.starts_at)))
        unique = await reader.one(
            select(func.count()).select_from(select(Slot.staff_id, Slot.starts_at).distinct().subquery())
        )
    assert newest > later + timedelta(days=38)
    assert unique[0] == count


async def test_a_duplicate_names_the_index_on_both_engines(store: Store) -> None:
    async with store.writing(system(cast.HOME), NOW) as unit:
        for _ in range(2):
            unit.add(
                Outbox(
                    municipality=cast.HOME,
                    id=new_id(),
                    kind="x",
                    to="x",
                    lang="da",
                    facts={},
                    once="same",
                    created_at=NOW,
                    due_at=NOW,
                )
            )
        with pytest.raises(AlreadyThereError, match="uq_outbox_once"):
            await unit.flush()


async def test_a_late_cancellation_has_the_cause_the_sweep_would_have_found(store: Store) -> None:
    talk = await _ask(store, "amina")
    async with store.writing(cast.citizen("amina"), NOW + timedelta(days=12)) as unit:
        await conversations.cancel(unit, talk, (await unit.find(Conversation, talk)).version)
        await unit.commit()
    async with store.reading(cast.HOME) as reader:
        assert [row.cause for row in await reader.rows(select(Breach))] == ["no_time"]
