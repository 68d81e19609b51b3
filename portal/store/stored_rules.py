"""Stored walks and requests as the rules read them, to see what other rules would have done: facts only, no names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from portal.domain.calendar import local_date
from portal.store.database import Reader
from portal.store.places import closed_days
from portal.store.tables import Candidate, Dialogue, PlacementCase
from portal.triage.conditions import Candidate as KnownCandidate
from portal.triage.conditions import Judgement, PlacementFacts, judge
from portal.triage.facts import CANDIDATE, CITIZEN, Value, parse_facts
from portal.triage.rulebook import Rulebook
from portal.triage.workdays import ClosedDays


@dataclass(frozen=True)
class StoredRequest:
    """A company's request on the day it was sent, with what is known of the candidate."""

    facts: PlacementFacts
    sent_on: date
    earliest: date | None
    closed: ClosedDays


async def walks(reader: Reader) -> list[tuple[Mapping[str, Value], tuple[str, ...]]]:
    """The facts of every finished walk, and what was declined."""
    rows = await reader.all(
        select(Dialogue.id, Dialogue.answers, Dialogue.declined).where(Dialogue.finished_at.is_not(None))
    )
    return [(parse_facts(CITIZEN, row[1]), tuple(row[2].get("facts", ()))) for row in rows]


async def requests(reader: Reader) -> list[StoredRequest]:
    """Every request that was sent."""
    closed = await closed_days(reader)
    cases = await reader.rows(select(PlacementCase).where(PlacementCase.sent_at.is_not(None)))
    named = {row.id: row for row in await reader.rows(select(Candidate))}
    return [_request(case, named.get(case.id), reader.municipality, closed) for case in cases if case.facts]


def _request(case: PlacementCase, named: Any, municipality: str, closed: ClosedDays) -> StoredRequest:
    facts = PlacementFacts.parse(case.facts, municipality)
    if named is not None:
        known = KnownCandidate(named.lives_in, parse_facts(CANDIDATE, named.facts))
        facts = PlacementFacts(facts.municipality, facts.start, facts.known, known)
    promised = case.judged.get("earliest_start")
    sent_on = local_date(case.sent_at) if case.sent_at else date.min
    return StoredRequest(facts, sent_on, date.fromisoformat(promised) if promised else None, closed)


def judged(book: Rulebook, request: StoredRequest) -> Judgement:
    """The request by that rulebook, on the day it was sent."""
    return judge(book, request.facts, request.sent_on, request.closed, earliest=request.earliest)
