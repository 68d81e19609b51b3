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
from portal.domain.errors import ConflictError, NotFoundError, RefusedError
from portal.domain.transition import after
from portal.store import journal, messages, outbox, promises
from portal.store.database import Reader, Unit
from portal.store.placements import locked
from portal.store.tables import (
    Booking,
    Breach,
    Candidate,
    Citizen,
    Company,
    CompanyUser,
    Conversation,
    PlacementCase,
    Slot,
    Staff,
    Team,
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


async def citizen(reader: Reader, citizen_id: str) -> Citizen:
    found = await reader.find(Citizen, citizen_id)
    if found is None:
        raise NotFoundError("citizen")
    return found


# ------------------------------------------------------------------ what staff do to a company's request


async def mark_read(unit: Unit, case_id: str) -> None:
    """A person has read it: the first one counts, and the company sees who and when."""
    row = await locked(unit, case_id)
    after(rules.TRANSITIONS, "read", row.state, unit.actor.role)
    if row.read_at is None:
        await _first_read(unit, row)
        row.version += 1
    journal.note(unit, "placement.read", "placement", case_id)


async def _first_read(unit: Unit, row: PlacementCase) -> None:
    """Read, by whom and when; read too late is a broken promise whether or not the sweep has seen it."""
    row.read_at, row.read_by = unit.now, unit.actor.id
    if row.answer_due_on is not None and local_date(unit.now) > row.answer_due_on:
        await promises.register_once(unit, promises.Broken("answer", row.id, row.answer_due_on, "unread"))


async def claim(unit: Unit, case_id: str) -> None:
    """Mine from now on, and read; ConflictError("claimed") says who was first and when."""
    row = await locked(unit, case_id)
    if row.claimed_by is not None and row.claimed_by != unit.actor.id:
        first = await unit.find(Staff, row.claimed_by)
        raise ConflictError("claimed", who=first.name if first else "", when=row.claimed_at)
    row.state = after(rules.TRANSITIONS, "claim", row.state, unit.actor.role)
    row.claimed_by, row.claimed_at = unit.actor.id, unit.now
    if row.read_at is None:
        await _first_read(unit, row)
    row.version += 1
    journal.note(unit, "placement.claimed", "placement", case_id)


async def release(unit: Unit, case_id: str, version: int) -> None:
    row = await locked(unit, case_id, version)
    row.state = after(rules.TRANSITIONS, "release", row.state, unit.actor.role)
    row.claimed_by, row.claimed_at = None, None
    row.version += 1
    journal.note(unit, "placement.released", "placement", case_id)


async def hand_over(unit: Unit, case_id: str, version: int, team_id: str, reason: str) -> None:
    row = await locked(unit, case_id, version)
    row.state = after(rules.TRANSITIONS, "hand_over", row.state, unit.actor.role)
    row.team_id, row.claimed_by, row.claimed_at = team_id, None, None
    row.version += 1
    journal.note(unit, "placement.handed_over", "placement", case_id, reason, team=team_id)


async def route_again(unit: Unit, case_id: str, desk: dict[str, Any]) -> None:
    """The rules, with what is now known, point to a desk: an unclaimed case goes there, with the reason."""
    row = await locked(unit, case_id)
    if row.desk.get("id") == desk["id"]:
        return
    row.desk = desk
    if row.claimed_by is None:
        row.team_id = desk["team"]
    row.version += 1
    journal.note(unit, "placement.routed", "placement", case_id, desk=desk["id"])


async def ask(unit: Unit, case_id: str, version: int, words: str) -> None:
    """A question to the company, which is told that there is a message."""
    row = await locked(unit, case_id, version)
    row.state = after(rules.TRANSITIONS, "ask", row.state, unit.actor.role)
    row.version += 1
    journal.note(unit, "placement.asked", "placement", case_id)
    messages.say(
        unit, "placement.asked", case_kind="placement", case_id=case_id, reader_id=row.company_id, body=words
    )
    await outbox.tell_company(unit, row.created_by, f"asked:{case_id}:{row.version}")


async def obstacle_to_granting(reader: Reader, case_id: str, start: date | None, today: date) -> str | None:
    """Why nothing can be granted: the start has passed, or the person named has not said yes. None: nothing is."""
    named = await reader.find(Candidate, case_id)
    if named is not None and named.state != "confirmed":
        return "placement.candidate_not_confirmed"
    return "placement.start_passed" if start is not None and start < today else None


async def decide(unit: Unit, case_id: str, version: int, decision: dict[str, Any]) -> None:
    """Granted or refused, with reasons, law and complaint guidance frozen as decided; the letter in the same breath."""
    row = await locked(unit, case_id, version)
    name = "grant" if decision["outcome"] == "granted" else "refuse"
    if row.claimed_by != unit.actor.id:
        raise RefusedError("placement.not_claimed")
    obstacle = (
        await obstacle_to_granting(unit, row.id, row.start, local_date(unit.now)) if name == "grant" else None
    )
    if obstacle:
        raise RefusedError(obstacle)
    row.state = after(rules.TRANSITIONS, name, row.state, unit.actor.role)
    row.decided_at, row.decision = unit.now, decision
    row.version += 1
    journal.note(unit, f"placement.{decision['outcome']}", "placement", case_id, rulebook=row.rulebook)
    messages.say(
        unit,
        "placement.decided",
        case_kind="placement",
        case_id=case_id,
        reader_id=row.company_id,
        **decision,
    )
    await outbox.tell_company(unit, row.created_by, f"decided:{case_id}")


async def close(unit: Unit, case_id: str, version: int) -> None:
    row = await locked(unit, case_id, version)
    row.state = after(rules.TRANSITIONS, "close", row.state, unit.actor.role)
    row.version += 1
    journal.note(unit, "placement.closed", "placement", case_id)


# ------------------------------------------------------------------ the board


@dataclass(frozen=True)
class Board:
    """The team lead's view: counts per team, and the promises that are broken or at risk."""

    talks_broken: int
    talks_at_risk: int
    answers_broken: int
    answers_due: int
    per_team: list[tuple[str, str, str, int, int, datetime | None]]


def _with_time(statement: Any) -> Any:
    """Conversations with the time they have, if any."""
    taken = and_(Booking.conversation_id == Conversation.id, Booking.active == true())
    return statement.outerjoin(Booking, taken).outerjoin(Slot, Slot.id == Booking.slot_id)


async def board(reader: Reader, today: date) -> Board:
    """Computed here and now from the rows themselves, worker or no worker."""
    late_talk = and_(
        Conversation.state.in_(sorted(talks.OPEN)),
        Conversation.waived_at.is_(None),
        Conversation.due_on < today,
    )
    no_time = or_(
        Conversation.state == talks.WAITING, func.date(Slot.starts_at) > func.date(Conversation.due_on)
    )
    risky_talk = and_(
        Conversation.state.in_(sorted(talks.OPEN)),
        no_time,
        Conversation.waived_at.is_(None),
        Conversation.due_on >= today,
    )
    late_answer = and_(
        PlacementCase.read_at.is_(None),
        PlacementCase.state.in_(sorted(rules.OPEN)),
        PlacementCase.answer_due_on < today,
    )
    due_answer = and_(
        PlacementCase.read_at.is_(None),
        PlacementCase.state.in_(sorted(rules.OPEN)),
        PlacementCase.answer_due_on >= today,
    )
    talk_counts = await reader.one(
        _with_time(
            select(func.count(case((late_talk, 1))), func.count(case((risky_talk, 1)))).select_from(
                Conversation
            )
        )
    )
    answer_counts = await reader.one(
        select(func.count(case((late_answer, 1))), func.count(case((due_answer, 1)))).select_from(
            PlacementCase
        )
    )
    open_talks = (
        _with_time(
            select(
                Conversation.team_id.label("team"),
                func.count().label("waiting"),
                func.count(case((or_(late_talk, risky_talk), 1))).label("red"),
                func.min(Conversation.asked_at).label("oldest"),
            ).select_from(Conversation)
        )
        .where(Conversation.state.in_(sorted(talks.OPEN)))
        .group_by(Conversation.team_id)
    )
    open_cases = (
        select(
            PlacementCase.team_id.label("team"),
            func.count().label("waiting"),
            func.count(case((late_answer, 1))).label("red"),
            func.min(PlacementCase.sent_at).label("oldest"),
        )
        .where(PlacementCase.state.in_(sorted(rules.OPEN)))
        .group_by(PlacementCase.team_id)
    )
    counted = {row.team: row for row in [*await reader.all(open_talks), *await reader.all(open_cases)]}
    teams = await reader.all(select(Team.id, Team.name_da, Team.name_en).order_by(Team.name_da))
    per_team = [
        (
            team.id,
            team.name_da,
            team.name_en,
            *((found.waiting, found.red, found.oldest) if found else (0, 0, None)),
        )
        for team in teams
        for found in [counted.get(team.id)]
    ]
    zero = (0, 0)
    broken, risk = talk_counts or zero
    answers_broken, answers_due = answer_counts or zero
    return Board(broken, risk, answers_broken, answers_due, per_team)


async def breaches(reader: Reader, most: int = 100) -> list[Breach]:
    """The register of broken promises, newest first."""
    return await reader.rows(select(Breach).order_by(Breach.found_at.desc()).limit(most))
