"""Who looked at what is sensitive about a citizen, why, and in which relation: written in the transaction of the look.

The citizen may read it, a team lead signs off looks drawn by lot, and many looks outside own cases raise an alarm.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from portal.domain.calendar import local_date, local_instant
from portal.domain.errors import NotFoundError, RefusedError
from portal.domain.people import Actor
from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import (
    AccessAlarm,
    AccessDraw,
    AccessLine,
    AccessPurpose,
    AccessSample,
    Candidate,
    Citizen,
    Staff,
)

OWN, TEAM, NONE = "own_case", "team", "none"
CASE_WORK = "case_work"
PURPOSES = (
    "covering",
    "citizen_asked",
    "supervision",
    "advice",
)  # what may be said when the case is not one's own
GOOD_FOR = timedelta(minutes=30)
ALARM_ABOVE = 10  # different citizens outside own and team's cases in one day
SAMPLE = 10  # looks drawn a week
VERDICTS = ("fine", "follow_up")


@dataclass(frozen=True)
class Subject:
    """What is looked at. `citizen_id` is empty while a named candidate is not known here."""

    citizen_id: str
    kind: str
    id: str
    team_id: str | None
    holders: frozenset[str]


def relation(who: Actor, subject: Subject) -> str:
    """Own case, the team's, or neither."""
    if who.id in subject.holders:
        return OWN
    return TEAM if who.unit and who.unit == subject.team_id else NONE


async def purpose_for(reader: Reader, who: Actor, subject: Subject, now: datetime) -> str | None:
    """Why this look is made: case work in own and the team's cases, else what was said not long ago; None: nothing was."""
    if relation(who, subject) != NONE:
        return CASE_WORK
    said = await reader.one(
        select(AccessPurpose.purpose)
        .where(
            AccessPurpose.staff_id == who.id,
            AccessPurpose.citizen_id == (subject.citizen_id or subject.id),
            AccessPurpose.until > now,
        )
        .order_by(AccessPurpose.until.desc())
        .limit(1)
    )
    return str(said[0]) if said else None


async def look(unit: Unit, subject: Subject, purpose: str) -> None:
    """The line of this look. Without it nothing is shown: the caller commits before it answers."""
    how = relation(unit.actor, subject)
    unit.add(
        AccessLine(
            municipality=unit.municipality,
            id=new_id(),
            at=unit.now,
            staff_id=unit.actor.id,
            role=unit.actor.role.value,
            unit=unit.actor.unit,
            citizen_id=subject.citizen_id,
            subject_kind=subject.kind,
            subject_id=subject.id,
            purpose=purpose,
            relation=how,
        )
    )
    if how == NONE:
        await unit.flush()
        await _raise_alarm(unit)


async def _raise_alarm(unit: Unit) -> None:
    """More citizens outside own cases today than the limit: one alarm, which comes back as the number grows."""
    day = local_date(unit.now)
    begin = local_instant(day, time())
    who = func.coalesce(func.nullif(AccessLine.citizen_id, ""), AccessLine.subject_id)
    counted = await unit.one(
        select(func.count(func.distinct(who))).where(
            AccessLine.staff_id == unit.actor.id, AccessLine.relation == NONE, AccessLine.at >= begin
        )
    )
    looks = int(counted[0]) if counted else 0
    if looks <= ALARM_ABOVE:
        return
    rows = await unit.rows(
        select(AccessAlarm).where(AccessAlarm.staff_id == unit.actor.id, AccessAlarm.day == day)
    )
    if rows and looks > rows[0].looks:  # also one that was dealt with: there is more to deal with now
        rows[0].looks, rows[0].seen_by, rows[0].seen_at = looks, None, None
    elif rows:
        return
    else:
        unit.add(
            AccessAlarm(
                municipality=unit.municipality,
                id=new_id(),
                staff_id=unit.actor.id,
                day=day,
                looks=looks,
                found_at=unit.now,
            )
        )


def say_purpose(unit: Unit, about: str, purpose: str) -> None:
    """Why the looks of the next while are made."""
    unit.add(
        AccessPurpose(
            municipality=unit.municipality,
            id=new_id(),
            staff_id=unit.actor.id,
            citizen_id=about,
            purpose=purpose,
            until=unit.now + GOOD_FOR,
        )
    )


# ------------------------------------------------------------------ the citizen's own log


@dataclass(frozen=True)
class Seen:
    """One look as the citizen reads it: no name, for that is the municipality's to answer for."""

    at: datetime
    role: str
    unit: str
    subject_kind: str
    purpose: str


async def of_citizen(reader: Reader, citizen_id: str, most: int = 200) -> list[Seen]:
    """Every look at one citizen, newest first, also from before they were known as a company's candidate."""
    cases = select(Candidate.id).where(Candidate.citizen_id == citizen_id).scalar_subquery()
    named = (AccessLine.subject_kind == "placement") & AccessLine.subject_id.in_(cases)
    rows = await reader.all(
        select(AccessLine.at, AccessLine.role, AccessLine.unit, AccessLine.subject_kind, AccessLine.purpose)
        .where(or_(AccessLine.citizen_id == citizen_id, named))
        .order_by(AccessLine.at.desc())
        .limit(most)
    )
    return [Seen(*row) for row in rows]


# ------------------------------------------------------------------ by lot, and alarms


def week_of(day: date) -> str:
    """The ISO week, e.g. 2026-W47."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


async def draw(unit: Unit, today: date) -> int | None:
    """The lots of every ended week since the last draw; None when there is nothing to draw. Nobody can know beforehand
    which looks it will be: the lot is the system's randomness."""
    monday = today - timedelta(days=today.weekday())
    newest = await unit.one(select(func.max(AccessDraw.id)))
    first = await unit.one(select(func.min(AccessLine.at)))
    if first is None or first[0] is None:
        return None
    week = local_date(first[0]) - timedelta(days=local_date(first[0]).weekday())
    if newest and newest[0]:
        week = max(week, date.fromisocalendar(int(newest[0][:4]), int(newest[0][6:]), 1) + timedelta(days=7))
    drawn = None
    while week < monday:
        drawn = (drawn or 0) + await _draw_week(unit, week)
        week += timedelta(days=7)
    return drawn


async def _draw_week(unit: Unit, monday: date) -> int:
    begin, end = local_instant(monday, time()), local_instant(monday + timedelta(days=7), time())
    lines = [
        row[0]
        for row in await unit.all(select(AccessLine.id).where(AccessLine.at >= begin, AccessLine.at < end))
    ]
    chosen = secrets.SystemRandom().sample(lines, min(SAMPLE, len(lines)))
    unit.add(
        AccessDraw(municipality=unit.municipality, id=week_of(monday), drawn_at=unit.now, looks=len(lines))
    )
    for line in chosen:
        unit.add(
            AccessSample(
                municipality=unit.municipality,
                id=new_id(),
                line_id=line,
                week=week_of(monday),
                drawn_at=unit.now,
            )
        )
    return len(chosen)


@dataclass(frozen=True)
class ToSign:
    """A look to be signed off, with who looked at whom."""

    id: str
    at: datetime
    staff_id: str
    staff: str
    citizen: str
    subject_kind: str
    subject_id: str
    purpose: str
    relation: str
    week: str
    verdict: str | None


async def samples(reader: Reader, *, signed: bool, most: int = 100) -> list[ToSign]:
    """Looks drawn by lot: those not signed off yet, oldest first, or those that are."""
    wanted = AccessSample.signed_at.is_not(None) if signed else AccessSample.signed_at.is_(None)
    rows = await reader.all(
        select(
            AccessSample.id,
            AccessLine.at,
            AccessLine.staff_id,
            Staff.name,
            Citizen.name,
            AccessLine.subject_kind,
            AccessLine.subject_id,
            AccessLine.purpose,
            AccessLine.relation,
            AccessSample.week,
            AccessSample.verdict,
        )
        .join(AccessLine, AccessLine.id == AccessSample.line_id)
        .outerjoin(Staff, Staff.id == AccessLine.staff_id)
        .outerjoin(Citizen, Citizen.id == AccessLine.citizen_id)
        .where(wanted)
        .order_by(AccessSample.signed_at.desc() if signed else AccessLine.at)
        .limit(most)
    )
    return [ToSign(*_named(row)) for row in rows]


def _named(row: Any) -> tuple[Any, ...]:
    """The row with nobody for a name that is no longer there."""
    return (*row[:3], row[3] or "", row[4] or "", *row[5:])


async def _held(unit: Unit, table: type[Any], row_id: str) -> Any | None:
    """The row, held until the unit ends, so that two who look into it at once do not write over each other."""
    rows = await unit.rows(select(table).where(table.id == row_id).with_for_update(key_share=True))
    return rows[0] if rows else None


async def sign(unit: Unit, sample_id: str, verdict: str, note: str) -> None:
    """Looked into, with a verdict; never by the one who looked. RefusedError("access.own")."""
    row = await _held(unit, AccessSample, sample_id)
    line = await unit.find(AccessLine, row.line_id) if row else None
    if row is None or line is None or row.signed_at is not None:
        raise NotFoundError("sample")
    if line.staff_id == unit.actor.id:
        raise RefusedError("access.own")
    row.signed_by, row.signed_at, row.verdict, row.note = unit.actor.id, unit.now, verdict, note
    journal.note(unit, "access.signed", "access", row.line_id, verdict=verdict)


@dataclass(frozen=True)
class Alarm:
    id: str
    staff_id: str
    staff: str
    day: date
    looks: int


async def alarms(reader: Reader) -> list[Alarm]:
    """Alarms nobody has dealt with."""
    rows = await reader.all(
        select(AccessAlarm.id, AccessAlarm.staff_id, Staff.name, AccessAlarm.day, AccessAlarm.looks)
        .outerjoin(Staff, Staff.id == AccessAlarm.staff_id)
        .where(AccessAlarm.seen_at.is_(None))
        .order_by(AccessAlarm.day)
    )
    return [Alarm(row[0], row[1], row[2] or "", row[3], row[4]) for row in rows]


async def see_alarm(unit: Unit, alarm_id: str) -> None:
    """Somebody has dealt with it; never the one it is about."""
    row = await _held(unit, AccessAlarm, alarm_id)
    if row is None or row.seen_at is not None:
        raise NotFoundError("alarm")
    if row.staff_id == unit.actor.id:
        raise RefusedError("access.own")
    row.seen_by, row.seen_at = unit.actor.id, unit.now
    journal.note(unit, "access.alarm_seen", "access", row.id)


async def looks_of(reader: Reader, staff_id: str, day: date) -> Sequence[tuple[datetime, str, str, str]]:
    """What somebody looked at outside own cases on a day: when, at whom, in what, why."""
    begin, end = local_instant(day, time()), local_instant(day + timedelta(days=1), time())
    rows = await reader.all(
        select(AccessLine.at, Citizen.name, AccessLine.subject_kind, AccessLine.purpose)
        .outerjoin(Citizen, Citizen.id == AccessLine.citizen_id)
        .where(
            AccessLine.staff_id == staff_id,
            AccessLine.relation == NONE,
            AccessLine.at >= begin,
            AccessLine.at < end,
        )
        .order_by(AccessLine.at)
    )
    return [(row[0], row[1] or "", row[2], row[3]) for row in rows]
