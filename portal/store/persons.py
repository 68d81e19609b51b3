"""The rights of the person: everything about somebody in one place, and its erasure.

The journal's lines stay and so do the statistics, by month; what they said of the person is gone. `EXPLAINED` names the
tables that hold something personal and are neither exported nor erased, each with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, inspect, or_, select, update
from sqlmodel import col

from portal.domain import conversation as talks
from portal.domain import placement
from portal.domain.errors import NotFoundError, RefusedError
from portal.store import journal, statistics
from portal.store.database import Reader, Unit
from portal.store.tables import (
    AccessLine,
    AccessPurpose,
    AccessSample,
    Attempt,
    Booking,
    Breach,
    Candidate,
    Citizen,
    CompanyUser,
    Conversation,
    Dialogue,
    Erasure,
    Journal,
    JournalDetail,
    LoginSession,
    Message,
    Outbox,
    PlacementCase,
    RateWindow,
    Relation,
    RequestKey,
    TenantRow,
)

CITIZEN, COMPANY_USER = "citizen", "companyuser"
ERASED = "–"
EXPLAINED = {
    "staff": "the municipality's own employees; their access is ended, their work stays attributed",
    "placementcase": "the company's case and its decision; the candidate's name and what followed from their facts go",
    "accesssample": "the municipality's control of its own staff; what was noted in it is emptied",
    "candidate": "the place of a named person in a company's case: emptied, not deleted",
    "accessline": "kept as evidence of who looked, with a reference that leads nowhere; ends by retention",
    "journaldetail": "shredded line by line",
}
_SECRET = frozenset(
    {
        "code_hash",
        "cpr_index",
        "id",
        "municipality",
        "salt",
        "hash",
        "detail_hash",
        "lease_by",
        "provider_session",
        "accepted_by",
    }
)


@dataclass(frozen=True)
class Mine:
    """The ids of everything that is somebody's."""

    person: str
    email: str = ""
    talks: tuple[str, ...] = ()
    walks: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    @property
    def subjects(self) -> list[str]:
        """What a journal line about them can be about. A company's case is not theirs."""
        return [self.person, *self.talks, *self.walks, *self.relations, *self.messages]


async def _mine(reader: Reader, person_id: str) -> Mine:
    async def ids(table: Any, condition: Any) -> tuple[str, ...]:
        return tuple(row[0] for row in await reader.all(select(table.id).where(condition)))

    concerned = or_(Relation.citizen_id == person_id, Relation.representative_id == person_id)
    person = await reader.find(Citizen, person_id) or await reader.find(CompanyUser, person_id)
    return Mine(
        person_id,
        person.email if person else "",
        await ids(Conversation, Conversation.citizen_id == person_id),
        await ids(Dialogue, Dialogue.citizen_id == person_id),
        await ids(Candidate, Candidate.citizen_id == person_id),
        await ids(Relation, concerned),
        await ids(Message, Message.reader_id == person_id),
    )


Whose = Callable[[Mine], Any]
SECTIONS: dict[type[TenantRow], Whose] = {
    Citizen: lambda mine: Citizen.id == mine.person,
    CompanyUser: lambda mine: CompanyUser.id == mine.person,
    Conversation: lambda mine: Conversation.id.in_(mine.talks),
    Booking: lambda mine: Booking.conversation_id.in_(mine.talks),
    Breach: lambda mine: Breach.subject_id.in_(mine.talks),
    Dialogue: lambda mine: Dialogue.id.in_(mine.walks),
    Candidate: lambda mine: Candidate.id.in_(mine.cases),
    Message: lambda mine: Message.id.in_(mine.messages),
    Relation: lambda mine: Relation.id.in_(mine.relations),
    AccessLine: lambda mine: or_(AccessLine.citizen_id == mine.person, AccessLine.subject_id.in_(mine.cases)),
    AccessPurpose: lambda mine: AccessPurpose.citizen_id == mine.person,
    LoginSession: lambda mine: or_(LoginSession.person_id == mine.person, LoginSession.by_id == mine.person),
    RequestKey: lambda mine: RequestKey.actor_id == mine.person,
    Attempt: lambda mine: Attempt.who == mine.person,
    RateWindow: lambda mine: col(RateWindow.id).endswith(f"|{mine.person}", autoescape=True),
    Outbox: lambda mine: _letters(mine),
}


def _letters(mine: Mine) -> Any:
    """Letters to them, and about what is theirs: the event a letter is for names the case."""
    to_them = (Outbox.to == mine.email) & (Outbox.to != "")
    return or_(to_them, *(Outbox.once.contains(one, autoescape=True) for one in mine.talks))


async def export(reader: Reader, person_id: str) -> dict[str, list[dict[str, Any]]]:
    """Everything about a person, by table, opened; keys and hashes left out. Journal lines with their sentences."""
    mine = await _mine(reader, person_id)
    found: dict[str, list[dict[str, Any]]] = {}
    for table, whose in SECTIONS.items():
        rows = await reader.rows(select(table).where(whose(mine)).order_by(table.id))
        if rows:
            found[table.__name__.lower()] = [_plain(row) for row in rows]
    lines = await reader.all(
        select(Journal.at, Journal.code, JournalDetail.words, Journal.subject_id, JournalDetail.id)
        .outerjoin(JournalDetail, JournalDetail.id == Journal.id)
        .where(_lines(mine))
        .order_by(Journal.number)
    )
    theirs = set(mine.subjects)
    found["journal"] = [
        {
            "at": at.isoformat(),
            "code": code,
            "said": journal.KINDS[code],
            "words": (words or "")
            if subject in theirs
            else "",  # what they did in others' matters is not theirs to read
        }
        for at, code, words, subject, _ in lines
    ]
    for session in found.get("loginsession", []):
        if session["by_id"] != person_id and session["by_id"]:
            session["subject"] = ""  # the representative's login, not the citizen's
    return found


def _lines(mine: Mine) -> Any:
    return or_(Journal.actor_id == mine.person, Journal.subject_id.in_(mine.subjects))


def _plain(row: TenantRow) -> dict[str, Any]:
    values = {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in values.items()
        if name not in _SECRET
    }


# ------------------------------------------------------------------ erasure


async def erase(unit: Unit, kind: str, person_id: str, *, even_open: bool = False) -> Mapping[str, int]:
    """Nothing about the person is left but the journal's bare lines and the months' numbers. RefusedError("person.open")
    while a conversation or a company's case of theirs is open, unless `even_open`: somebody erased once is erased again
    whatever a restore brought back. Gives how many rows of each table went."""
    person = await unit.find(Citizen if kind == CITIZEN else CompanyUser, person_id)
    if person is None:
        raise NotFoundError("person")
    mine = await _mine(unit, person_id)
    if kind == CITIZEN:
        if not even_open:
            await _refuse_open(unit, mine)
        await _count_months(unit, mine)
    lines = await _shred_lines(unit, mine)
    gone = {"journaldetail": sum(end - begin + 1 for begin, end in lines)}
    gone["candidate"] = await _empty_candidates(unit, mine)
    await _empty_samples(unit, mine)
    await unit.session.execute(
        update(Relation)
        .where(Relation.representative_id == person_id)
        .values(representative_id=None, name=ERASED, ended_at=unit.now)
    )
    for table in (Booking, Breach, Conversation, Dialogue, Message, AccessPurpose, LoginSession, RequestKey, Attempt,
                  RateWindow, Outbox):  # fmt: skip
        gone[table.__name__.lower()] = await _delete(unit, table, SECTIONS[table](mine))
    gone["relation"] = await _delete(unit, Relation, Relation.citizen_id == person_id)
    gone[kind] = await _person(unit, person)
    unit.add(
        Erasure(
            municipality=unit.municipality,
            id=person_id,
            kind=kind,
            erased_at=unit.now,
            by_id=unit.actor.doer_id,
            rows={name: count for name, count in gone.items() if count},
        )
    )
    journal.note(unit, "person.erased", kind, person_id, shredded=lines)
    return gone


async def _refuse_open(unit: Unit, mine: Mine) -> None:
    open_talk = await unit.one(
        select(Conversation.id).where(
            Conversation.id.in_(mine.talks), Conversation.state.in_(sorted(talks.OPEN))
        )
    )
    open_case = await unit.one(
        select(PlacementCase.id).where(
            PlacementCase.id.in_(mine.cases), PlacementCase.state.in_(sorted(placement.OPEN))
        )
    )
    if open_talk or open_case:
        raise RefusedError("person.open")


async def _count_months(unit: Unit, mine: Mine) -> None:
    counted: statistics.Months = statistics.Counter()
    for table in (Conversation, Dialogue, Breach):
        counted += statistics.of_rows(await unit.rows(select(table).where(SECTIONS[table](mine))))
    await statistics.keep(unit, counted)


async def _shred_lines(unit: Unit, mine: Mine) -> list[list[int]]:
    """The personal part of every line by or about them is gone; the chain holds without it. Gives which lines they were."""
    lines = [row[0] for row in await unit.all(select(Journal.id).where(_lines(mine)))]
    return await shred(unit, lines)


async def shred(unit: Unit, lines: list[str]) -> list[list[int]]:
    """The personal part of these journal lines is gone; gives the lines' numbers that had one, as runs [first, last]."""
    numbers: list[int] = []
    for begin in range(0, len(lines), 200):
        wanted = (JournalDetail.id.in_(lines[begin : begin + 200])) & (JournalDetail.salt != "")
        for row in await unit.rows(select(JournalDetail).where(wanted)):
            row.actor_name, row.words, row.facts, row.salt = "", "", {}, ""
            numbers += [
                found[0] for found in await unit.all(select(Journal.number).where(Journal.id == row.id))
            ]
        await unit.flush()
    return runs(numbers)


def runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as runs [first, last], in order."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


async def _empty_candidates(unit: Unit, mine: Mine) -> int:
    """Their place in companies' cases stays, without them."""
    for case_id in mine.cases:
        row = await unit.find(Candidate, case_id)
        case = await unit.find(PlacementCase, case_id)
        if row is None or case is None:
            continue
        row.name, row.facts, row.citizen_id, row.lives_in = ERASED, {}, None, None
        case.form = {**case.form, "candidate_name": ERASED}
        if case.desk:
            nothing = {"da": ERASED, "en": ERASED}
            case.desk = {**case.desk, "id": ERASED, "law": "", "why": nothing, "forward_to": None}
        for said in await unit.rows(select(Message).where(Message.case_id == case_id)):
            if said.facts.get("candidate_name"):
                said.facts = {**said.facts, "candidate_name": ERASED}
    await unit.flush()
    return len(mine.cases)


async def _empty_samples(unit: Unit, mine: Mine) -> None:
    """What was noted about looks at them."""
    looks = select(AccessLine.id).where(SECTIONS[AccessLine](mine)).scalar_subquery()
    for sample in await unit.rows(select(AccessSample).where(AccessSample.line_id.in_(looks))):
        sample.note = ""
    await unit.flush()


async def _delete(unit: Unit, table: type[TenantRow], condition: Any) -> int:
    done = await unit.session.execute(
        delete(table).where(condition).execution_options(synchronize_session=False)
    )
    return int(done.rowcount)


async def _person(unit: Unit, person: Citizen | CompanyUser) -> int:
    """A citizen's row goes; a company user's stays under the cases they made, with nothing in it."""
    if isinstance(person, Citizen):
        await unit.session.delete(person)
    else:
        for said in await unit.rows(
            select(Message).where(
                Message.reader_id == person.company_id,
                Message.sent_by_reader.is_(True),
                Message.author == person.name,
            )
        ):
            said.author = ERASED
        person.issuer, person.subject, person.name, person.email = ERASED, person.id, ERASED, ""
        person.p_number = ""
    await unit.flush()
    return 1
