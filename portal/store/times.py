"""Conversations as they are looked at: the free times there are, and what a citizen has asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, false, select, true

from portal.domain import conversation as rules
from portal.domain.calendar import local_date, local_instant
from portal.domain.errors import NotFoundError
from portal.store.database import Reader
from portal.store.places import closed_days
from portal.store.tables import Booking, Conversation, Slot, Staff

FORMS = ("in_person", "phone", "video")
NOTICE = timedelta(hours=1)


@dataclass(frozen=True)
class FreeTime:
    slot_id: str
    starts_at: datetime
    minutes: int
    with_whom: str

    @property
    def day(self) -> date:
        return local_date(self.starts_at)


@dataclass(frozen=True)
class Booked:
    """A conversation as its citizen sees it."""

    id: str
    state: str
    asked_at: datetime
    about: str
    form: str
    language: str
    interpreter: bool
    due_on: date
    latest_bookable: date | None
    promise: dict[str, Any]
    waived_at: datetime | None
    team_id: str
    version: int
    starts_at: datetime | None
    minutes: int | None
    with_whom: str | None
    slot_id: str | None

    def is_late(self, today: date) -> bool:
        """Computed here and now, whether or not the worker has found it."""
        return self.state in rules.OPEN and self.waived_at is None and today > self.due_on

    def is_unnoted(self, today: date) -> bool:
        """Late only because nobody has noted what became of a time that lay inside the promise."""
        day = local_date(self.starts_at) if self.starts_at else None
        return self.is_late(today) and rules.in_time(day, self.due_on)


async def free_times(
    reader: Reader, teams: Sequence[str], form: str, since: datetime, until: date | None, most: int = 60
) -> list[FreeTime]:
    """Times nobody has, on days that are not closed, from an hour after `since` to the end of `until`, soonest first."""
    if until is None or form not in FORMS:
        return []
    closed = await closed_days(reader)
    fits = {"in_person": Slot.in_person, "phone": Slot.phone, "video": Slot.video}[form]
    statement = (
        select(Slot.id, Slot.starts_at, Slot.minutes, Staff.name)
        .join(Staff, Staff.id == Slot.staff_id)
        .outerjoin(Booking, and_(Booking.slot_id == Slot.id, Booking.active == true()))
        .where(
            Slot.team_id.in_(teams),
            Slot.starts_at >= since + NOTICE,
            Slot.starts_at < local_instant(until + timedelta(days=1), time()),
            fits == true(),
            Booking.id.is_(None),
            Slot.withdrawn == false(),
            Staff.active == true(),
        )
        .order_by(Slot.starts_at, Staff.name)
        .limit(most)
    )
    seen: dict[datetime, FreeTime] = {}
    for row in await reader.all(statement):
        if local_date(row.starts_at) not in closed:
            seen.setdefault(row.starts_at, FreeTime(*row))
    return list(seen.values())


_BOOKED = (
    select(
        Conversation.id,
        Conversation.state,
        Conversation.asked_at,
        Conversation.about,
        Conversation.form,
        Conversation.language,
        Conversation.interpreter,
        Conversation.due_on,
        Conversation.latest_bookable,
        Conversation.promise,
        Conversation.waived_at,
        Conversation.team_id,
        Conversation.version,
        Slot.starts_at,
        Slot.minutes,
        Staff.name,
        Slot.id,
    )
    .outerjoin(Booking, and_(Booking.conversation_id == Conversation.id, Booking.active == true()))
    .outerjoin(Slot, Slot.id == Booking.slot_id)
    .outerjoin(Staff, Staff.id == Slot.staff_id)
)


async def of_citizen(reader: Reader, citizen_id: str) -> list[Booked]:
    """A citizen's conversations, newest first."""
    statement = (
        _BOOKED.where(Conversation.citizen_id == citizen_id).order_by(Conversation.asked_at.desc()).limit(20)
    )
    return [Booked(*row) for row in await reader.all(statement)]


async def own(reader: Reader, conversation_id: str, citizen_id: str) -> Booked:
    """One conversation of that citizen; NotFoundError when it is not theirs or not there."""
    statement = _BOOKED.where(Conversation.id == conversation_id, Conversation.citizen_id == citizen_id)
    row = await reader.one(statement)
    if row is None:
        raise NotFoundError("conversation")
    return Booked(*row)


async def held_by(reader: Reader, conversation_id: str) -> str | None:
    """Whose time the conversation is booked at."""
    row = await reader.one(
        select(Slot.staff_id)
        .join(Booking, and_(Booking.slot_id == Slot.id, Booking.active == true()))
        .where(Booking.conversation_id == conversation_id)
    )
    return str(row[0]) if row else None
