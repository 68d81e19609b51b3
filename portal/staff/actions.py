"""What staff do: each action is one transaction with its journal lines and, where one is due, its letter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from portal.domain.calendar import local_date, working_days_between
from portal.domain.errors import ConflictError, NotFoundError
from portal.staff import subjects
from portal.staff.forms import CandidateFacts, Decision, OnThePhone
from portal.staff.subjects import About, acts_with_reason
from portal.store import calendars, candidates, conversations, desk, journal, outbox, places, queue, sessions
from portal.store.candidates import Named
from portal.store.database import Reader, Unit
from portal.store.queue import Case
from portal.store.tables import ClosingDay, Staff, Team
from portal.triage import reasons
from portal.triage.conditions import Candidate, Judgement, PlacementFacts, judge
from portal.triage.facts import CANDIDATE, parse_facts
from portal.triage.rulebook import Rulebook
from portal.web.visit import Visit

Verb = Callable[[Unit], Awaitable[None]]


async def carry_out(
    visit: Visit, verb: Verb, *, key: str, address: str = "", about: About | None = None
) -> None:
    """One action as one transaction, once for each form's key. A conflict learns where the case can be seen now.
    ReasonNeededError for somebody who has nothing to do with what it is `about` and has not said why."""
    try:
        async with visit.store.writing(visit.me, visit.now) as unit:
            if await unit.once(key) is None:
                if about is not None:
                    await acts_with_reason(unit, about, address)
                await verb(unit)
                await unit.commit()
    except ConflictError as error:
        if address:
            error.facts["address"] = address
        raise


# ------------------------------------------------------------------ a company's request


async def judged_for_staff(
    reader: Reader, visit: Visit, case: Case, named: Named | None
) -> tuple[Judgement, Rulebook]:
    """The conditions by the rulebook and the day the case was sent under, with what is known of the candidate."""
    sent_on = local_date(case.sent_at)
    book = reader.pinned(case.rulebook, sent_on)
    request = PlacementFacts.parse(case.facts, visit.here.code)
    if named is not None:
        candidate = Candidate(named.lives_in, parse_facts(CANDIDATE, named.facts))
        request = replace(request, candidate=candidate)
    closed = await places.closed_days(reader)
    promised = case.judged.get(
        "earliest_start"
    )  # as it was when the company sent, whatever has changed since
    earliest = date.fromisoformat(promised) if promised else None
    return judge(book, request, sent_on, closed, earliest=earliest), book


async def note_candidate(visit: Visit, case_id: str, given: CandidateFacts) -> None:
    """What is now known of the candidate; the rules may point to another desk, and then say so."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        await acts_with_reason(unit, subjects.case(case_id), visit.path("medarbejder", "sag", case_id))
        await candidates.note_facts(unit, case_id, given.version, given.facts, given.lives_in)
        await unit.flush()
        case = await queue.placement_case(unit, case_id)
        named = await candidates.of_case(unit, case_id)
        found, book = await judged_for_staff(unit, visit, case, named)
        why = reasons.of_desk(book, found)
        await desk.route_again(unit, case_id, {**asdict(found.desk), "explanation": why})
        await unit.commit()


def letter_of(
    visit: Visit, book: Rulebook, case: Case, decision: Decision, found: Judgement
) -> dict[str, Any]:
    """The decision as it will be read: complaint guidance on all that is not a full approval (rail.complaint)."""
    refused = decision.outcome != "granted"
    return {
        "outcome": decision.outcome,
        "reasons": decision.reasons,
        "law": decision.law,
        "starts": None if refused else case.facts["start"],
        "complaint": book.fill(book.complaint.texts["text"]) if refused else None,
        "complaint_law": book.complaint.law if refused else None,
        "conditions": {one.id: one.result for one in found.conditions.values()},
        "rulebook": book.stamp,
    }


async def obstacle(visit: Visit, case_id: str, decision: Decision) -> str | None:
    """Why this decision cannot be made as the case stands, or None."""
    async with visit.store.reading(visit.here.code) as reader:
        case = await queue.placement_case(reader, case_id)
        if case.claimed_by_id != visit.me.id:
            return "placement.not_claimed"
        if decision.outcome != "granted":
            return None
        start = date.fromisoformat(case.facts["start"]) if case.facts.get("start") else None
        return await desk.obstacle_to_granting(reader, case_id, start, visit.today)


async def decide(visit: Visit, case_id: str, decision: Decision, key: str) -> str:
    """Granted or refused, sent in the same transaction; a second press of the button decides nothing twice."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        case = await queue.placement_case(unit, case_id)
        found, book = await judged_for_staff(unit, visit, case, await candidates.of_case(unit, case_id))
        await desk.decide(unit, case_id, decision.version, letter_of(visit, book, case, decision, found))
        result = visit.path("medarbejder", "sag", case_id) + "?besked=afgjort"
        await unit.commit(result)
        return result


async def team_exists(visit: Visit, team_id: str, kind: str) -> bool:
    """Whether there is such a team for that kind of case: citizens' or employers'."""
    async with visit.store.reading(visit.here.code) as reader:
        return team_id in {team.id for team in await places.teams(reader, kind)}


# ------------------------------------------------------------------ citizens


async def request_for(visit: Visit, citizen_id: str, asked: OnThePhone, key: str) -> str:
    """Asks and books for a citizen on the phone: recorded as such, under the same clock."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        await queue.citizen(unit, citizen_id)
        slot = None if asked.slot in ("none", "") else asked.slot
        made = await conversations.request_conversation(unit, citizen_id, asked.wish, slot)
        result = visit.path("medarbejder", "samtale", made)
        await unit.commit(result)
        return result


async def set_time(visit: Visit, conversation_id: str, version: int, slot: str, key: str) -> None:
    """A time for a waiting request, or another one; never a waiver, whoever it suits."""

    async def verb(unit: Unit) -> None:
        row, _ = await queue.conversation_case(unit, conversation_id)
        if row.state == "waiting":
            await conversations.book(unit, conversation_id, slot, version)
        else:
            await conversations.move(unit, conversation_id, slot, version, own_choice=False)

    where = visit.path("medarbejder", "samtale", conversation_id)
    await carry_out(visit, verb, key=key, address=where, about=subjects.talk(conversation_id))


# ------------------------------------------------------------------ the municipality


async def add_closing_day(visit: Visit, day: date, note: str, key: str) -> int:
    """Nobody works that day; gives how many times on it are booked already and must be moved by people."""
    booked = 0

    async def verb(unit: Unit) -> None:
        nonlocal booked
        if await unit.find(ClosingDay, day.isoformat()) is None:
            unit.add(ClosingDay(municipality=unit.municipality, id=day.isoformat(), day=day, note=note))
        booked = await calendars.booked_on(unit, day)
        journal.note(
            unit, "place.closing_day", "municipality", unit.municipality, day=day.isoformat(), booked=booked
        )

    await carry_out(visit, verb, key=key)
    return booked


async def remove_closing_day(visit: Visit, day: date, key: str) -> None:
    """The day is a working day again, with the times it had."""

    async def verb(unit: Unit) -> None:
        row = await unit.find(ClosingDay, day.isoformat())
        if row is None:
            raise NotFoundError("closing_day")
        await unit.session.delete(row)
        journal.note(
            unit, "place.closing_day", "municipality", unit.municipality, day=day.isoformat(), removed=True
        )

    await carry_out(visit, verb, key=key)


async def change_team(visit: Visit, team_id: str, name_da: str, name_en: str, key: str) -> None:
    async def verb(unit: Unit) -> None:
        team = await unit.find(Team, team_id)
        if team is None:
            raise NotFoundError("team")
        team.name_da, team.name_en = name_da, name_en
        journal.note(unit, "team.changed", "team", team_id)

    await carry_out(visit, verb, key=key)


async def left_behind(visit: Visit, staff_id: str) -> int:
    """How many booked conversations and open cases somebody has: others must take them when access ends."""
    async with visit.store.reading(visit.here.code) as reader:
        return await queue.held_by(reader, staff_id, visit.now)


async def change_staff(visit: Visit, staff_id: str, role: str, team: str, active: bool, key: str) -> None:
    """Role, team or access change at once: the person's sessions end."""

    async def verb(unit: Unit) -> None:
        person = await unit.find(Staff, staff_id)
        if person is None:
            raise NotFoundError("staff")
        person.role, person.team_id, person.active = role, team or None, active
        await sessions.revoke_all(unit, staff_id)
        journal.note(unit, "staff.changed", "staff", staff_id, role=role, active=active)

    await carry_out(visit, verb, key=key)


async def resolve_letter(visit: Visit, letter_id: str, *, again: bool, key: str) -> None:
    async def verb(unit: Unit) -> None:
        await outbox.resolve(unit, letter_id, again=again)

    await carry_out(visit, verb, key=key)


async def waited(reader: Reader, visit: Visit, since: Sequence[date]) -> list[int]:
    """Working days from each date to today."""
    closed = await places.closed_days(reader)
    return [working_days_between(day, visit.today, closed) for day in since]
