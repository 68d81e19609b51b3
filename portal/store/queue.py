"""The staff's side: flat rows made for the queue and the board, and what a caseworker does to a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select, true
from sqlmodel import col

from portal.domain import conversation as talks
from portal.domain import placement as rules
from portal.domain.calendar import local_date
from portal.domain.errors import NotFoundError
from portal.store.database import Reader
from portal.store.identities import cpr_index
from portal.store.tables import (
    Booking,
    Citizen,
    Company,
    CompanyUser,
    Conversation,
    PlacementCase,
    Slot,
    Staff,
)


@dataclass(frozen=True)
class Waiting:
    """One row of the company queue."""

    id: str
    company: str
    scheme: str
    state: str
    positions: int
    start: date
    sent_at: datetime
    answer_due_on: date
    read_at: datetime | None
    desk: dict[str, Any]
    claimed_by: str | None
    team_id: str
    occupation: str

    def unanswered_late(self, today: date) -> bool:
        """Nobody has read it within the promise."""
        return self.read_at is None and today > self.answer_due_on


@dataclass(frozen=True)
class Filter:
    team: str = ""
    scheme: str = ""
    state: str = "open"
    search: str = ""
    sort: str = "waiting"
    occupations: tuple[str, ...] = ()  # what the search may mean, as unit groups


SORTS = {
    "waiting": (
        case((PlacementCase.read_at.is_(None), 0), else_=1),
        PlacementCase.answer_due_on,
        PlacementCase.sent_at,
    ),
    "start": (PlacementCase.start, PlacementCase.sent_at),
    "company": (Company.name, PlacementCase.sent_at),
}


async def companies_waiting(reader: Reader, wanted: Filter, most: int = 200) -> list[Waiting]:
    """The queue: unread first and by what was promised, unless sorted otherwise."""
    statement = (
        select(
            PlacementCase.id,
            Company.name,
            PlacementCase.scheme,
            PlacementCase.state,
            PlacementCase.positions,
            PlacementCase.start,
            PlacementCase.sent_at,
            PlacementCase.answer_due_on,
            PlacementCase.read_at,
            PlacementCase.desk,
            Staff.name,
            PlacementCase.team_id,
            PlacementCase.occupation,
        )
        .join(Company, Company.id == PlacementCase.company_id)
        .outerjoin(Staff, Staff.id == PlacementCase.claimed_by)
        .where(PlacementCase.sent_at.is_not(None))
        .order_by(*SORTS.get(wanted.sort, SORTS["waiting"]))
        .limit(most)
    )
    if wanted.team:
        statement = statement.where(PlacementCase.team_id == wanted.team)
    if wanted.scheme:
        statement = statement.where(PlacementCase.scheme == wanted.scheme)
    if wanted.state == "open":
        statement = statement.where(PlacementCase.state.in_(sorted(rules.OPEN)))
    elif wanted.state == "done":
        statement = statement.where(PlacementCase.state.not_in(sorted(rules.OPEN)))
    if wanted.search:
        plain = wanted.search.replace("-", "").lower()
        statement = statement.where(
            or_(
                Company.name.icontains(wanted.search, autoescape=True),
                col(PlacementCase.id).startswith(plain, autoescape=True),
                col(PlacementCase.occupation).in_(wanted.occupations),
            )
        )
    return [Waiting(*row) for row in await reader.all(statement)]


@dataclass(frozen=True)
class CitizenWaiting:
    """One row of the citizen queue."""

    id: str
    citizen: str
    state: str
    asked_at: datetime
    form: str
    interpreter: bool
    due_on: date
    latest_bookable: date | None
    waived_at: datetime | None
    team_id: str
    routed_because: dict[str, Any]
    claimed_by: str | None
    starts_at: datetime | None

    def late(self, today: date) -> bool:
        return self.waived_at is None and today > self.due_on and self.state in talks.OPEN

    def unnoted(self, today: date) -> bool:
        """Late only because nobody has noted what became of a time that lay inside the promise."""
        day = local_date(self.starts_at) if self.starts_at else None
        return self.late(today) and talks.in_time(day, self.due_on)

    def at_risk(self, today: date) -> bool:
        """No time, or only one past the promise: red at once, not on the day it breaks."""
        too_late = self.starts_at is not None and local_date(self.starts_at) > self.due_on
        return (self.state == talks.WAITING or too_late) and self.waived_at is None and not self.late(today)


async def citizens_waiting(reader: Reader, wanted: Filter, most: int = 200) -> list[CitizenWaiting]:
    """Requests for conversations: without a time first, then by due date."""
    statement = (
        select(
            Conversation.id,
            Citizen.name,
            Conversation.state,
            Conversation.asked_at,
            Conversation.form,
            Conversation.interpreter,
            Conversation.due_on,
            Conversation.latest_bookable,
            Conversation.waived_at,
            Conversation.team_id,
            Conversation.routed_because,
            Staff.name,
            Slot.starts_at,
        )
        .join(Citizen, Citizen.id == Conversation.citizen_id)
        .outerjoin(Staff, Staff.id == Conversation.claimed_by)
        .outerjoin(Booking, and_(Booking.conversation_id == Conversation.id, Booking.active == true()))
        .outerjoin(Slot, Slot.id == Booking.slot_id)
        .limit(most)
    )
    by_promise = (
        case((Conversation.state == talks.WAITING, 0), else_=1),
        Conversation.due_on,
        Conversation.asked_at,
    )
    orders = {
        "waiting": by_promise,
        "start": (Slot.starts_at, Conversation.due_on),
        "company": (Citizen.name,),
    }
    statement = statement.order_by(*orders.get(wanted.sort, by_promise))
    if wanted.team:
        statement = statement.where(Conversation.team_id == wanted.team)
    if wanted.state == "open":
        statement = statement.where(Conversation.state.in_(sorted(talks.OPEN)))
    elif wanted.state == "done":
        statement = statement.where(Conversation.state.not_in(sorted(talks.OPEN)))
    if wanted.search:
        statement = statement.where(Citizen.name.icontains(wanted.search, autoescape=True))
    return [CitizenWaiting(*row) for row in await reader.all(statement)]


@dataclass(frozen=True)
class Case:
    """A company's request as staff see it."""

    id: str
    company_id: str
    company: str
    cvr: str
    contact: str
    contact_email: str
    scheme: str
    state: str
    form: dict[str, Any]
    facts: dict[str, Any]
    sent_at: datetime
    answer_due_on: date
    read_at: datetime | None
    team_id: str
    desk: dict[str, Any]
    rulebook: dict[str, str]
    judged: dict[str, Any]
    claimed_by: str | None
    claimed_by_id: str | None
    claimed_at: datetime | None
    decided_at: datetime | None
    decision: dict[str, Any]
    version: int


async def placement_case(reader: Reader, case_id: str) -> Case:
    """One request; drafts are nobody's but the company's."""
    row = await reader.one(
        select(
            PlacementCase.id,
            PlacementCase.company_id,
            Company.name,
            Company.cvr,
            CompanyUser.name,
            CompanyUser.email,
            PlacementCase.scheme,
            PlacementCase.state,
            PlacementCase.form,
            PlacementCase.facts,
            PlacementCase.sent_at,
            PlacementCase.answer_due_on,
            PlacementCase.read_at,
            PlacementCase.team_id,
            PlacementCase.desk,
            PlacementCase.rulebook,
            PlacementCase.judged,
            Staff.name,
            PlacementCase.claimed_by,
            PlacementCase.claimed_at,
            PlacementCase.decided_at,
            PlacementCase.decision,
            PlacementCase.version,
        )
        .join(Company, Company.id == PlacementCase.company_id)
        .join(CompanyUser, CompanyUser.id == PlacementCase.created_by)
        .outerjoin(Staff, Staff.id == PlacementCase.claimed_by)
        .where(PlacementCase.id == case_id, PlacementCase.sent_at.is_not(None))
    )
    if row is None:
        raise NotFoundError("placement")
    return Case(*row)


async def conversation_case(reader: Reader, conversation_id: str) -> tuple[Conversation, Citizen]:
    row = await reader.find(Conversation, conversation_id)
    citizen = await reader.find(Citizen, row.citizen_id) if row else None
    if row is None or citizen is None:
        raise NotFoundError("conversation")
    return row, citizen


async def search_citizens(reader: Reader, name: str, most: int = 20) -> list[tuple[str, str, date | None]]:
    """Citizens whose name holds `name`: (id, name, birth date)."""
    statement = (
        select(Citizen.id, Citizen.name, Citizen.birth_date)
        .where(Citizen.name.icontains(name, autoescape=True))
        .order_by(Citizen.name)
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in await reader.all(statement)]


async def citizens_with_number(reader: Reader, cpr: str) -> list[tuple[str, str, date | None]]:
    """The citizen with that CPR number, found by its keyed hash: (id, name, birth date), or nobody."""
    index = cpr_index(reader.ring, reader.municipality, cpr)
    statement = select(Citizen.id, Citizen.name, Citizen.birth_date).where(Citizen.cpr_index == index)
    return [(row[0], row[1], row[2]) for row in await reader.all(statement)]


async def citizen(reader: Reader, citizen_id: str) -> Citizen:
    found = await reader.find(Citizen, citizen_id)
    if found is None:
        raise NotFoundError("citizen")
    return found


async def held_by(reader: Reader, staff_id: str, now: datetime) -> int:
    """Booked conversations to come and open cases of one member of staff."""
    talks_to_come = (
        select(func.count())
        .select_from(Booking)
        .join(Slot, Slot.id == Booking.slot_id)
        .where(Slot.staff_id == staff_id, Booking.active == true(), Slot.starts_at > now)
    )
    open_cases = (
        select(func.count())
        .select_from(PlacementCase)
        .where(PlacementCase.claimed_by == staff_id, PlacementCase.state.in_(sorted(rules.OPEN)))
    )
    counts = [await reader.one(statement) for statement in (talks_to_come, open_cases)]
    return sum(int(found[0]) for found in counts if found)
