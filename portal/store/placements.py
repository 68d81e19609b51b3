"""A company's own requests: what it wrote, where they stand, what was decided. Nothing of the candidate but the name."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.domain import placement as rules
from portal.domain.errors import ConflictError, NotFoundError
from portal.domain.people import Role
from portal.domain.transition import after
from portal.store import journal, messages
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import Candidate, Company, CompanyUser, PlacementCase, Staff

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True)
class OwnCase:
    """A request as the company sees it. Which team has it now is not here: a team's name can tell of the candidate's
    sickness. `judged` holds the conditions and the team as they were when it was sent."""

    id: str
    scheme: str
    state: str
    form: dict[str, Any]
    step: int
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    answer_due_on: date | None
    read_at: datetime | None
    read_by: str | None
    judged: dict[str, Any]
    decided_at: datetime | None
    decision: dict[str, Any]
    version: int


_OWN = select(
    PlacementCase.id,
    PlacementCase.scheme,
    PlacementCase.state,
    PlacementCase.form,
    PlacementCase.step,
    PlacementCase.created_at,
    PlacementCase.updated_at,
    PlacementCase.sent_at,
    PlacementCase.answer_due_on,
    PlacementCase.read_at,
    Staff.name,
    PlacementCase.judged,
    PlacementCase.decided_at,
    PlacementCase.decision,
    PlacementCase.version,
).outerjoin(Staff, Staff.id == PlacementCase.read_by)


async def company(reader: Reader, company_id: str) -> Company:
    found = await reader.find(Company, company_id)
    if found is None:
        raise NotFoundError("company")
    return found


async def user(reader: Reader, user_id: str) -> CompanyUser:
    found = await reader.find(CompanyUser, user_id)
    if found is None:
        raise NotFoundError("companyuser")
    return found


async def of_company(reader: Reader, company_id: str) -> list[OwnCase]:
    """The company's requests, the newest change first."""
    statement = (
        _OWN.where(PlacementCase.company_id == company_id)
        .order_by(PlacementCase.updated_at.desc())
        .limit(100)
    )
    return [OwnCase(*row) for row in await reader.all(statement)]


async def own(reader: Reader, case_id: str, company_id: str) -> OwnCase:
    """One request of that company; NotFoundError when it is not theirs or not there."""
    row = await reader.one(_OWN.where(PlacementCase.id == case_id, PlacementCase.company_id == company_id))
    if row is None:
        raise NotFoundError("placement")
    return OwnCase(*row)


def begin(unit: Unit, scheme: str, form: dict[str, Any]) -> str:
    """A draft, saved from its first step on."""
    row = PlacementCase(
        municipality=unit.municipality,
        id=new_id(),
        company_id=unit.actor.unit,
        created_by=unit.actor.id,
        created_at=unit.now,
        updated_at=unit.now,
        scheme=scheme,
        state=rules.DRAFT,
        form=form,
        step=2,
    )
    unit.add(row)
    journal.note(unit, "placement.started", "placement", row.id, scheme=scheme)
    return row.id


async def save_draft(unit: Unit, case_id: str, answers: dict[str, Any], step: int) -> dict[str, Any]:
    """The draft with these answers put to those it has; gives the whole form."""
    row = await locked(unit, case_id)
    row.state = after(rules.TRANSITIONS, "save", row.state, unit.actor.role)
    row.form = {**row.form, **answers}
    row.scheme, row.step = row.form["scheme"], max(row.step, step)
    row.updated_at = unit.now
    row.version += 1
    journal.note(unit, "placement.saved", "placement", row.id, step=step)
    return dict(row.form)


@dataclass(frozen=True)
class Sent:
    """What is known at the moment of sending: judged for the company, and where the rules put the case."""

    positions: int
    start: date
    names_somebody: bool
    occupation: str
    facts: dict[str, Any]
    answer_due_on: date
    team_id: str
    desk: dict[str, Any]
    rulebook: dict[str, str]
    judged: dict[str, Any]


async def send(unit: Unit, case_id: str, sent: Sent) -> None:
    """The request is with the municipality; the company has its receipt in the same transaction."""
    row = await locked(unit, case_id)
    row.state = after(rules.TRANSITIONS, "send", row.state, unit.actor.role)
    row.sent_at = row.updated_at = unit.now
    row.positions, row.start, row.answer_due_on = sent.positions, sent.start, sent.answer_due_on
    row.facts, row.occupation = sent.facts, sent.occupation
    row.team_id, row.desk, row.rulebook, row.judged = sent.team_id, sent.desk, sent.rulebook, sent.judged
    row.version += 1
    name = str(row.form["candidate_name"]) if sent.names_somebody else ""
    code = ""
    if name:
        code = "".join(secrets.choice(CODE_LETTERS) for _ in range(12))
        unit.add(
            Candidate(
                municipality=unit.municipality, id=row.id, name=name, code_hash=code_hash(code), facts={}
            )
        )
    due = sent.answer_due_on.isoformat()
    journal.note(
        unit, "placement.sent", "placement", row.id, desk=sent.desk["id"], rulebook=sent.rulebook, due_on=due
    )
    messages.say(
        unit,
        "placement.receipt",
        case_kind="placement",
        case_id=row.id,
        reader_id=row.company_id,
        due_on=due,
        candidate_code="-".join((code[:4], code[4:8], code[8:])) if code else "",
        candidate_name=name,
    )


def code_hash(code: str) -> str:
    """Codes are long and random (58 bits) and looked up by hash; spaces and dashes do not matter."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


async def withdraw(unit: Unit, case_id: str) -> None:
    row = await locked(unit, case_id)
    row.state = after(rules.TRANSITIONS, "withdraw", row.state, unit.actor.role)
    row.updated_at = unit.now
    row.version += 1
    journal.note(unit, "placement.withdrawn", "placement", row.id)


async def inform(unit: Unit, case_id: str, words: str) -> None:
    """The company adds something, or answers the question it was asked."""
    row = await locked(unit, case_id)
    answers = row.state == rules.ASKED
    row.state = after(
        rules.TRANSITIONS, "answer" if answers else "add_information", row.state, unit.actor.role
    )
    row.updated_at = unit.now
    row.version += 1
    kind = "placement.answered" if answers else "placement.informed"
    journal.note(unit, kind, "placement", row.id)
    messages.say(
        unit,
        kind,
        case_kind="placement",
        case_id=row.id,
        reader_id=row.company_id,
        body=words,
        by_reader=True,
    )


async def locked(unit: Unit, case_id: str, version: int | None = None) -> PlacementCase:
    """The row, held until the unit ends; the company gets only its own. ConflictError("stale") when it has changed."""
    rows = await unit.rows(
        select(PlacementCase).where(PlacementCase.id == case_id).with_for_update(key_share=True)
    )
    mine = rows and (unit.actor.role is not Role.EMPLOYER or rows[0].company_id == unit.actor.unit)
    if not mine:
        raise NotFoundError("placement")
    row: PlacementCase = rows[0]
    if unit.actor.is_staff and row.state == rules.DRAFT:
        raise NotFoundError("placement")
    if version is not None and row.version != version:
        raise ConflictError("stale")
    return row
