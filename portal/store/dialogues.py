"""Walks through Find din vej: answers kept as facts, pinned to the rulebook they began with. No raw text is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.domain.errors import ConflictError, NotFoundError
from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import Citizen, Dialogue


@dataclass(frozen=True)
class Walk:
    """A dialogue as it stands. `answers` maps facts to values; `declined` lists facts the person did not answer."""

    id: str
    started_at: datetime
    rulebook: dict[str, str]
    answers: dict[str, Any]
    declined: tuple[str, ...]
    occupation: dict[str, str]
    finished_at: datetime | None
    outcome: dict[str, Any]
    explained: dict[str, Any]
    version: int


def _walk(row: Dialogue) -> Walk:
    return Walk(
        row.id,
        row.started_at,
        row.rulebook,
        row.answers,
        tuple(row.declined.get("facts", ())),
        row.occupation,
        row.finished_at,
        row.outcome,
        row.explained,
        row.version,
    )


async def open_of(reader: Reader, citizen_id: str) -> Walk | None:
    """The citizen's unfinished walk, if there is one: people leave and come back."""
    statement = select(Dialogue).where(Dialogue.citizen_id == citizen_id, Dialogue.finished_at.is_(None))
    rows = await reader.rows(statement)
    return _walk(rows[0]) if rows else None


async def latest_finished(reader: Reader, citizen_id: str) -> Walk | None:
    statement = (
        select(Dialogue)
        .where(Dialogue.citizen_id == citizen_id, Dialogue.finished_at.is_not(None))
        .order_by(Dialogue.finished_at.desc())
        .limit(1)
    )
    rows = await reader.rows(statement)
    return _walk(rows[0]) if rows else None


async def own(reader: Reader, dialogue_id: str, citizen_id: str) -> Walk:
    row = await reader.find(Dialogue, dialogue_id)
    if row is None or row.citizen_id != citizen_id:
        raise NotFoundError("dialogue")
    return _walk(row)


def begin(unit: Unit, citizen_id: str, rulebook: dict[str, str], answers: dict[str, Any]) -> str:
    """A new walk. A second open one is refused by the index."""
    row = Dialogue(
        municipality=unit.municipality,
        id=new_id(),
        citizen_id=citizen_id,
        started_at=unit.now,
        updated_at=unit.now,
        rulebook=rulebook,
        answers=answers,
        declined={"facts": []},
    )
    unit.add(row)
    journal.note(unit, "triage.started", "dialogue", row.id, rulebook=rulebook)
    return row.id


async def answer(
    unit: Unit, walk: Walk, answers: dict[str, Any], declined: list[str], occupation: dict[str, str]
) -> None:
    """The walk will stand with these answers. ConflictError("stale") when it has moved on in another window."""
    row = await _locked(unit, walk)
    row.answers, row.declined, row.occupation = answers, {"facts": declined}, occupation
    row.updated_at = unit.now
    row.version += 1


async def finish(unit: Unit, walk: Walk, outcome: dict[str, Any], explained: dict[str, Any]) -> None:
    """The outcome with its explanation, as given to the person; the benefit is remembered for the next promise."""
    row = await _locked(unit, walk)
    row.outcome, row.explained = outcome, explained
    row.finished_at = row.updated_at = unit.now
    row.version += 1
    citizen = await unit.find(Citizen, row.citizen_id)
    if citizen is not None and "benefit" in row.answers:
        citizen.benefit = row.answers["benefit"]
    rules = explained["rules"]
    journal.note(
        unit,
        "triage.finished",
        "dialogue",
        row.id,
        personal={"rules": rules, "route": outcome["route"]},
        rulebook=row.rulebook,
    )


async def _locked(unit: Unit, walk: Walk) -> Dialogue:
    rows = await unit.rows(select(Dialogue).where(Dialogue.id == walk.id).with_for_update(key_share=True))
    if not rows:
        raise NotFoundError("dialogue")
    row: Dialogue = rows[0]
    if row.version != walk.version:
        raise ConflictError("stale")
    return row
