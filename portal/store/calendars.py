"""Calendars: the times caseworkers offer, laid out as slot rows some weeks ahead."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select, true

from portal.domain.calendar import local_date, local_instant
from portal.domain.capacity import slots
from portal.store.database import Reader, Unit, new_id
from portal.store.places import closed_days
from portal.store.tables import Booking, Slot, Staff, Team

AHEAD = timedelta(days=42)
STARTS = (time(9), time(10), time(11), time(13), time(14))
MINUTES = 45


async def needs_extending(reader: Reader, until: date) -> bool:
    """Whether the calendars of this municipality end before `until`. None at all is somebody's choice, and stays."""
    found = await reader.one(select(func.max(Slot.starts_at)))
    if found is None or found[0] is None:
        return False
    return local_date(found[0]) + timedelta(days=7) <= until


async def extend(unit: Unit, today: date, until: date) -> None:
    """Every caseworker with times of their own has them up to `until`, on the same team as now."""
    newest: dict[str, datetime] = {
        row.staff_id: row.newest
        for row in await unit.all(
            select(Slot.staff_id, func.max(Slot.starts_at).label("newest")).group_by(Slot.staff_id)
        )
    }
    staff = await unit.rows(select(Staff).join(Team, Team.id == Staff.team_id).where(Team.kind == "citizen"))
    closed = await closed_days(unit)
    for person in staff:
        if person.active and person.id in newest:
            first = max(local_date(newest[person.id]) + timedelta(days=1), today)
            for starts_at in slots(first, until, STARTS, MINUTES, closed):
                add_slot(unit, person.id, str(person.team_id), starts_at)
    await unit.flush()


def add_slot(unit: Unit, staff_id: str, team_id: str, starts_at: datetime) -> str:
    slot_id = new_id()
    unit.add(
        Slot(
            municipality=unit.municipality,
            id=slot_id,
            staff_id=staff_id,
            team_id=team_id,
            starts_at=starts_at,
            minutes=MINUTES,
        )
    )
    return slot_id


async def booked_on(reader: Reader, day: date) -> int:
    """How many conversations are booked on a day: those people must move when it becomes a closing day."""
    begin, end = local_instant(day, time()), local_instant(day + timedelta(days=1), time())
    statement = (
        select(func.count())
        .select_from(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Booking.active == true(), Slot.starts_at >= begin, Slot.starts_at < end)
    )
    found = await reader.one(statement)
    return int(found[0]) if found else 0
