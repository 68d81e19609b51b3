"""What staff do to a company's request: every verb works in the caller's unit of work, on a locked row."""

from __future__ import annotations

from datetime import date
from typing import Any

from portal.domain import placement as rules
from portal.domain.calendar import local_date
from portal.domain.errors import ConflictError, RefusedError
from portal.domain.transition import after
from portal.store import candidates, journal, messages, outbox, promises
from portal.store.database import Reader, Unit
from portal.store.placements import locked
from portal.store.tables import PlacementCase, Staff


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
        await promises.register_once(unit, promises.Broken("answer", row.id, row.answer_due_on, "read_late"))


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
    journal.note(unit, "placement.handed_over", "placement", case_id, reason, {"team": team_id})


async def route_again(unit: Unit, case_id: str, desk: dict[str, Any]) -> None:
    """The rules, with what is now known, point to a desk: an unclaimed case goes there, with the reason."""
    row = await locked(unit, case_id)
    if row.desk.get("id") == desk["id"]:
        return
    row.desk = desk
    if row.claimed_by is None:
        row.team_id = desk["team"]
    row.version += 1
    journal.note(unit, "placement.routed", "placement", case_id, personal={"desk": desk["id"]})


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
    """Why nothing can be granted: the start has passed, the person named has not said yes, or somebody of another name has.
    None: nothing is."""
    named = await candidates.of_case(reader, case_id)
    if named is not None and named.state != "confirmed":
        return "placement.candidate_not_confirmed"
    if named is not None and named.somebody_else:
        return "placement.candidate_other"
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
