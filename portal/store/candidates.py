"""The person a company's request names: confirmed by themselves, known to staff, never shown to the company."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from portal.domain import placement as rules
from portal.domain.errors import NotFoundError, RefusedError
from portal.domain.transition import after
from portal.store import journal, messages, outbox
from portal.store.database import Reader, Unit
from portal.store.placements import code_hash, locked
from portal.store.tables import Candidate, Citizen, Company, PlacementCase


@dataclass(frozen=True)
class Named:
    """A candidate as staff see them. `facts` are the candidate's facts of section 6 that are known."""

    name: str
    state: str
    citizen_id: str | None
    facts: dict[str, Any]
    lives_in: str | None
    answered_at: datetime | None
    answered_as: str  # the name the person answered under; empty while nobody has
    accepted: bool

    @property
    def somebody_else(self) -> bool:
        """Whoever answered bears another name than the company wrote, and nobody has made sure yet that they are the same."""
        return bool(self.answered_as) and not self.accepted and not _same_name(self.name, self.answered_as)


def _same_name(written: str, own: str) -> bool:
    """Whether a name as somebody wrote it can be that person's: all of its words are, or the other way round."""
    one, other = (set(name.casefold().split()) for name in (written, own))
    return bool(one and other) and (one <= other or other <= one)


@dataclass(frozen=True)
class Invitation:
    """What a named person is asked to confirm."""

    case_id: str
    company: str
    scheme: str
    job: str
    start: date | None
    state: str


async def of_case(reader: Reader, case_id: str) -> Named | None:
    row = await reader.find(Candidate, case_id)
    if row is None:
        return None
    citizen = await reader.find(Citizen, row.citizen_id)
    return Named(
        row.name,
        row.state,
        row.citizen_id,
        row.facts,
        row.lives_in,
        row.answered_at,
        citizen.name if citizen else "",
        row.accepted_by is not None,
    )


async def invited(reader: Reader, code: str) -> Invitation:
    """What the code is about; NotFoundError when it is nobody's, or the case is over."""
    row = await reader.one(
        select(
            Candidate.id,
            Company.name,
            PlacementCase.scheme,
            PlacementCase.form,
            Candidate.state,
            PlacementCase.state,
            PlacementCase.start,
            PlacementCase.id,
        )
        .join(PlacementCase, PlacementCase.id == Candidate.id)
        .join(Company, Company.id == PlacementCase.company_id)
        .where(Candidate.code_hash == code_hash(code))
    )
    if row is None or row[5] not in rules.OPEN:
        raise NotFoundError("candidate")
    return Invitation(row[0], row[1], row[2], str(row[3].get("tasks", "")), row[6], row[4])


async def answer(unit: Unit, code: str, *, agrees: bool, facts: dict[str, Any]) -> None:
    """The person named says yes, with what only they know, or no. Once answered it is staff who change it."""
    invitation = await invited(unit, code)
    case = await locked(unit, invitation.case_id)
    after(rules.TRANSITIONS, "confirm_candidate", case.state, unit.actor.role)
    row = await unit.find(Candidate, case.id)
    citizen = await unit.find(Citizen, unit.actor.id)
    if row is None or citizen is None:
        raise NotFoundError("candidate")
    if row.state != "named":
        raise RefusedError("candidate.answered")
    row.state = "confirmed" if agrees else "declined"
    row.answered_at, row.citizen_id = (
        unit.now,
        citizen.id,
    )  # also of a no: it is theirs to see, and to have erased
    if agrees:
        row.facts, row.lives_in = {**row.facts, **facts}, unit.municipality
    else:
        messages.say(
            unit,
            "placement.candidate_left",
            case_kind="placement",
            case_id=case.id,
            reader_id=case.company_id,
            author=(await unit.here()).name,  # the company does not learn what the person is called here
        )
        await outbox.tell_company(unit, case.created_by, f"candidate_left:{case.id}")
    case.version += 1
    code_of_line = "placement.candidate_confirmed" if agrees else "placement.candidate_declined"
    journal.note(unit, code_of_line, "placement", case.id)


async def accept(unit: Unit, case_id: str, version: int) -> None:
    """Staff have made sure that whoever answered is the person the company means, though the names differ."""
    case = await locked(unit, case_id, version)
    after(rules.TRANSITIONS, "note_candidate", case.state, unit.actor.role)
    row = await unit.find(Candidate, case_id)
    if row is None or row.state != "confirmed":
        raise NotFoundError("candidate")
    row.accepted_by = unit.actor.id
    case.version += 1
    journal.note(unit, "placement.candidate_accepted", "placement", case_id)


async def note_facts(
    unit: Unit, case_id: str, version: int, facts: dict[str, Any], lives_in: str | None
) -> None:
    """What staff know of the candidate."""
    case = await locked(unit, case_id, version)
    after(rules.TRANSITIONS, "note_candidate", case.state, unit.actor.role)
    row = await unit.find(Candidate, case_id)
    if row is None:
        raise NotFoundError("candidate")
    row.facts, row.lives_in = facts, lives_in
    case.version += 1
    journal.note(unit, "placement.candidate_noted", "placement", case_id, personal={"facts": sorted(facts)})
