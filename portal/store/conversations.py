"""Conversations: asking, booking, moving, holding; and the free times. Every verb works in the caller's unit of work.

A booking is a row under a unique index, so two of one slot cannot exist; whoever comes second is told calmly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, true

from portal.domain import conversation as rules
from portal.domain.calendar import local_date
from portal.domain.errors import ConflictError, InvalidError, NotFoundError, RefusedError
from portal.domain.people import Role
from portal.domain.transition import after
from portal.store import journal, messages, outbox, promises, times
from portal.store.database import AlreadyThereError, Reader, Unit, new_id
from portal.store.places import closed_days
from portal.store.tables import Booking, Citizen, Conversation, Dialogue, Slot, Staff
from portal.triage.dialogue import reception
from portal.triage.guarantee import Promise, promise


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. `kontanthjaelp` None: not said."""

    form: str
    about: str = ""
    language: str = ""
    interpreter: bool = False
    kontanthjaelp: bool | None = None


async def the_promise(reader: Reader, citizen_id: str, wish: Wish, now: datetime) -> Promise:
    """What we promise this citizen if they ask now."""
    held = await reader.one(
        select(func.count())
        .select_from(Conversation)
        .where(Conversation.citizen_id == citizen_id, Conversation.state == rules.HELD)
    )
    citizen = await reader.find(Citizen, citizen_id)
    benefit = citizen.benefit if citizen else None
    if wish.kontanthjaelp:
        benefit = "kontanthjaelp"
    return promise(
        now,
        benefit=benefit,
        first_conversation=not (held and held[0]),
        closed=await closed_days(reader),
        book=reader.book_on(local_date(now)),
    )


def reception_on(reader: Reader, day: date) -> str:
    """The team that takes conversations of those who have no way yet, and of those whose own team has no time."""
    return reception(reader.book_on(day))[0]


async def team_for(reader: Reader, citizen_id: str, on: date) -> tuple[str, dict[str, Any]]:
    """The team that holds this citizen's conversation, and why: the latest way found, else the reception."""
    statement = (
        select(Dialogue.id, Dialogue.outcome, Dialogue.explained)
        .where(Dialogue.citizen_id == citizen_id, Dialogue.finished_at.is_not(None))
        .order_by(Dialogue.finished_at.desc())
        .limit(1)
    )
    found = await reader.one(statement)
    if found is None:
        team, rule = reception(reader.book_on(on))
        return team, {"rule": rule, "route": None}
    return str(found.outcome["team"]), {"rule": found.explained["rules"][0], "route": found.outcome["route"]}


async def request_conversation(unit: Unit, citizen_id: str, wish: Wish, slot_id: str | None) -> str:
    """A request stands with its promise; booked when `slot_id` is free and inside the promise, else waiting.

    ConflictError("slot.taken") when somebody else was first, ("conversation.open") when the citizen already has one.
    InvalidError("slot.outside") for a time that is not inside the promise.
    """
    made = await the_promise(unit, citizen_id, wish, unit.now)
    team, because = await team_for(unit, citizen_id, local_date(unit.now))
    by_self = unit.actor.role is Role.CITIZEN
    citizen = await unit.find(Citizen, citizen_id)
    if citizen is not None:
        citizen.seen_on = local_date(unit.now)
    row = Conversation(
        municipality=unit.municipality,
        id=new_id(),
        citizen_id=citizen_id,
        asked_at=unit.now,
        asked_by=unit.actor.id,
        asked_via="portal" if by_self else "phone",
        about=wish.about,
        form=wish.form,
        language=wish.language,
        interpreter=wish.interpreter,
        state=rules.WAITING,
        guarantee_days=made.due.guarantee_days,
        due_on=made.due.due_on,
        latest_bookable=made.due.latest_bookable,
        promise={"rule": made.row.id, "law": made.row.law, "rulebook": made.book.stamp},
        team_id=team,
        routed_because=because,
    )
    unit.add(row)
    try:
        await unit.flush()
    except AlreadyThereError:
        raise ConflictError("conversation.open") from None
    code = "conversation.requested" if by_self else "conversation.requested_for"
    journal.note(
        unit,
        code,
        "conversation",
        row.id,
        wish.about,
        {"rule": made.row.id},
        due_on=row.due_on.isoformat(),
    )
    if slot_id is not None:
        await _book(unit, row, slot_id)
    await _receipt(unit, row, "conversation.receipt")
    return row.id


async def book(
    unit: Unit, conversation_id: str, slot_id: str, version: int | None = None, *, own_choice: bool = False
) -> None:
    """A waiting request gets a time; by staff also past the promise, which then is a breach and no waiver.

    A citizen may take a time past the promise too. It waives the promise only when there was a time inside it to choose.
    """
    row = await _locked(unit, conversation_id, version)
    row.state = after(rules.TRANSITIONS, "book", row.state, unit.actor.role)
    teams = (row.team_id, reception_on(unit, local_date(unit.now)))
    inside = await times.free_times(unit, teams, row.form, unit.now, row.latest_bookable, most=1)
    await _book(unit, row, slot_id, own_choice=own_choice or not inside, had_a_choice=bool(inside))
    await _receipt(unit, row, "conversation.receipt")


async def _book(
    unit: Unit, row: Conversation, slot_id: str, *, own_choice: bool = False, had_a_choice: bool = True
) -> None:
    slot = await unit.find(Slot, slot_id)
    if slot is None or slot.withdrawn or not getattr(slot, row.form) or slot.starts_at <= unit.now:
        raise InvalidError("slot.unknown")
    day = local_date(slot.starts_at)
    if day in await closed_days(unit):
        raise InvalidError("slot.unknown")
    inside = row.latest_bookable is not None and day <= row.latest_bookable
    if not inside and unit.actor.role is Role.CITIZEN:
        if not own_choice:
            raise InvalidError("slot.outside")
        if had_a_choice and rules.waives_promise(unit.actor.role, day, row.due_on):
            row.waived_at = unit.now
            journal.note(
                unit,
                "conversation.waived",
                "conversation",
                row.id,
                due_on=row.due_on.isoformat(),
                day=day.isoformat(),
            )
    if day <= row.due_on:
        row.waived_at = None
    unit.add(
        Booking(
            municipality=unit.municipality,
            id=new_id(),
            conversation_id=row.id,
            slot_id=slot_id,
            booked_at=unit.now,
            booked_by=unit.actor.id,
        )
    )
    row.state = rules.BOOKED
    row.version += 1
    journal.note(unit, "conversation.booked", "conversation", row.id, starts_at=slot.starts_at.isoformat())
    try:
        await unit.flush()
    except AlreadyThereError as error:
        raise ConflictError("slot.taken") from error


async def move(unit: Unit, conversation_id: str, slot_id: str, version: int, *, own_choice: bool) -> None:
    """Another time. Past the due date only by the citizen's own clear choice, which waives the promise."""
    row = await _locked(unit, conversation_id, version)
    after(rules.TRANSITIONS, "move", row.state, unit.actor.role)
    await _free(unit, row)
    journal.note(unit, "conversation.moved", "conversation", row.id)
    await _book(unit, row, slot_id, own_choice=own_choice)
    await _receipt(unit, row, "conversation.moved")


async def cancel(unit: Unit, conversation_id: str, version: int) -> None:
    row = await _locked(unit, conversation_id, version)
    cause = promises.CAUSES.get(row.state, "not_held")
    row.state = after(rules.TRANSITIONS, "cancel", row.state, unit.actor.role)
    await _note_late(unit, row, cause, local_date(unit.now))
    await _end(unit, row, "conversation.cancelled")
    await _receipt(unit, row, "conversation.cancelled")


async def lose_time(unit: Unit, conversation_id: str, version: int) -> None:
    """The municipality cannot keep the time: nobody is offered it again, the request waits, the promise runs on, also
    when the citizen had chosen the time past it."""
    row = await _locked(unit, conversation_id, version)
    row.state = after(rules.TRANSITIONS, "lose_time", row.state, unit.actor.role)
    row.waived_at = None
    taken = select(Slot).join(Booking, Booking.slot_id == Slot.id)
    for slot in await unit.rows(taken.where(Booking.conversation_id == row.id, Booking.active == true())):
        slot.withdrawn = True
    await _end(unit, row, "conversation.time_lost")
    await _receipt(unit, row, "conversation.time_lost")


async def hold(unit: Unit, conversation_id: str, version: int) -> None:
    """The conversation has been held, on the day of its time."""
    row = await _locked(unit, conversation_id, version)
    row.state = after(rules.TRANSITIONS, "hold", row.state, unit.actor.role)
    starts_at = await _begun(unit, row)
    row.held_on = local_date(starts_at)
    await _settle(unit, row, "held_late", row.held_on)
    row.version += 1
    journal.note(unit, "conversation.held", "conversation", row.id, kept=row.held_on <= row.due_on)


async def miss(unit: Unit, conversation_id: str, version: int) -> None:
    """The citizen did not come; never called a cancellation."""
    row = await _locked(unit, conversation_id, version)
    row.state = after(rules.TRANSITIONS, "miss", row.state, unit.actor.role)
    await _settle(unit, row, "not_held", local_date(await _begun(unit, row)))
    row.version += 1
    journal.note(unit, "conversation.missed", "conversation", row.id)


async def claim(unit: Unit, conversation_id: str) -> None:
    """Mine from now on; ConflictError("claimed") says who was first and when."""
    row = await _locked(unit, conversation_id, None)
    after(rules.TRANSITIONS, "claim", row.state, unit.actor.role)
    if row.claimed_by is not None and row.claimed_by != unit.actor.id:
        first = await unit.find(Staff, row.claimed_by)
        raise ConflictError("claimed", who=first.name if first else "", when=row.claimed_at)
    row.claimed_by, row.claimed_at = unit.actor.id, unit.now
    row.version += 1
    journal.note(unit, "conversation.claimed", "conversation", row.id)


async def hand_over(unit: Unit, conversation_id: str, version: int, team_id: str, reason: str) -> None:
    row = await _locked(unit, conversation_id, version)
    after(rules.TRANSITIONS, "hand_over", row.state, unit.actor.role)
    row.team_id, row.claimed_by, row.claimed_at = team_id, None, None
    row.version += 1
    journal.note(unit, "conversation.handed_over", "conversation", row.id, reason, {"team": team_id})


async def _note_late(unit: Unit, row: Conversation, cause: str, day: date) -> None:
    """A promise broken before the sweep came by is in the register all the same."""
    if day > row.due_on and row.waived_at is None:
        await promises.register_once(unit, promises.Broken("conversation", row.id, row.due_on, cause))


async def _settle(unit: Unit, row: Conversation, cause: str, day: date) -> None:
    """What happened on `day` is known now: in time it is no breach, whatever the sweep believed; later it is one."""
    if rules.in_time(day, row.due_on):
        await promises.take_back(unit, row.id, row.due_on)
    await _note_late(unit, row, cause, day)


async def _begun(unit: Unit, row: Conversation) -> datetime:
    found = await unit.one(
        select(Slot.starts_at)
        .join(Booking, Booking.slot_id == Slot.id)
        .where(Booking.conversation_id == row.id, Booking.active == true())
    )
    if found is None or found[0] > unit.now:
        raise RefusedError("conversation.not_begun")
    starts_at: datetime = found[0]
    return starts_at


async def _end(unit: Unit, row: Conversation, code: str) -> None:
    await _free(unit, row)
    row.version += 1
    journal.note(unit, code, "conversation", row.id)


async def _free(unit: Unit, row: Conversation) -> None:
    statement = select(Booking).where(Booking.conversation_id == row.id, Booking.active == true())
    for booking in await unit.rows(statement):
        booking.active = False
    await unit.flush()


async def _locked(unit: Unit, conversation_id: str, version: int | None) -> Conversation:
    """The row, held until the unit ends. ConflictError("stale") when it has changed since `version` was shown."""
    statement = select(Conversation).where(Conversation.id == conversation_id).with_for_update(key_share=True)
    rows = await unit.rows(statement)
    if not rows:
        raise NotFoundError("conversation")
    row: Conversation = rows[0]
    if unit.actor.role is Role.CITIZEN and row.citizen_id != unit.actor.id:
        raise NotFoundError("conversation")
    if version is not None and row.version != version:
        raise ConflictError("stale")
    return row


async def _receipt(unit: Unit, row: Conversation, kind: str) -> None:
    starts_at = None
    if row.state == rules.BOOKED:
        found = await unit.one(
            select(Slot.starts_at, Staff.name)
            .join(Booking, Booking.slot_id == Slot.id)
            .join(Staff, Staff.id == Slot.staff_id)
            .where(Booking.conversation_id == row.id, Booking.active == true())
        )
        starts_at = found and found[0].isoformat()
    messages.say(
        unit,
        kind,
        case_kind="conversation",
        case_id=row.id,
        reader_id=row.citizen_id,
        starts_at=starts_at,
        due_on=row.due_on.isoformat(),
        form=row.form,
        waived=row.waived_at is not None,
    )
    await outbox.tell_citizen(unit, row.citizen_id, f"{kind}:{row.id}:{row.version}")
