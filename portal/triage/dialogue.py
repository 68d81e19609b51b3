"""The conversation: from what is known so far to the outcome, or to the facts still worth asking for.

An outcome is advice and never a decision. Nothing is asked that cannot change it; when one outcome is left, it stops.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

from portal.triage.facts import Value
from portal.triage.rulebook import Rulebook
from portal.triage.table import Box, Cells, Row, Table, facts_that_matter, weight


@dataclass(frozen=True)
class Outcome:
    """What the triage advises. `contact_interval_days` is None where only the citizen's own asking counts."""

    route: str
    track: str | None
    team: str
    contact_interval_days: int | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "route": self.route,
            "track": self.track,
            "team": self.team,
            "contact_interval_days": self.contact_interval_days,
        }


@dataclass(frozen=True)
class Standing:
    """Where the conversation stands. Settled: one outcome and no questions; else what is possible and what to ask,
    best first. `rows` are the rows that can still decide."""

    settled: bool
    outcomes: tuple[Outcome, ...]
    rows: tuple[Row, ...]
    ask: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        return self.outcomes[0]


def outcome_of(book: Rulebook, row: Row) -> Outcome:
    """The outcome a route row leads to, with the team and the contact interval the rulebook gives it."""
    route, track = str(row.then["route"]), row.then.get("track")
    about: dict[str, Value] = {"route": route, "track": track or "none"}
    team = book.tables["team"].first(about)
    contact = book.tables["contact"].first(about)
    if team is None or contact is None:
        raise ValueError(f"no team or contact row for {route}")
    days = contact.then["contact_interval_days"]
    return Outcome(route, track, str(team.then["team"]), None if days == "none" else int(days))


def reception(book: Rulebook) -> tuple[str, str]:
    """The team for those who have no way yet, and the rule that says so: whom one talks to."""
    row = book.tables["team"].first({"route": "talk_to_a_person", "track": "none"})
    if row is None:
        raise ValueError("no team for talk_to_a_person")
    return str(row.then["team"]), row.id


def standing(book: Rulebook, known: Mapping[str, Value], declined: Collection[str] = ()) -> Standing:
    """What `known` settles (DOMAIN section 4). `declined` facts are never asked again."""
    table = book.tables["route"]
    known = {"wants_person": False, **known}
    decided, _ = table.split(table.start(known))
    open_rows = [(row, boxes) for row, boxes in decided if boxes]
    by_outcome: dict[Outcome, list[Box]] = {}
    for row, boxes in open_rows:
        by_outcome.setdefault(outcome_of(book, row), []).extend(boxes)
    rows = tuple(row for row, _ in open_rows)
    if len(by_outcome) == 1:
        return Standing(True, tuple(by_outcome), rows, ())
    groups = list(by_outcome.values())
    ask = [
        name
        for name in (table.facts[i] for i in sorted(facts_that_matter(groups, len(table.facts))))
        if name not in known and name not in declined and book.questions[name].gate_open(known)
    ]
    if not ask:
        return Standing(True, (outcome_of(book, book.unclear),), (book.unclear,), ())
    return Standing(False, tuple(by_outcome), rows, tuple(_best_first(book, table, groups, ask)))


def afterwards(
    book: Rulebook, known: Mapping[str, Value], outcome: Outcome, declined: Collection[str] = ()
) -> list[str]:
    """Facts no route depends on but the offers do, to be asked once the way is found."""
    facts = {**known, "route": outcome.route, "track": outcome.track or "none"}
    rows = book.tables["offer"].rows
    undecided = {
        name
        for row in rows
        if not any(fact in facts and not _holds(row, fact, facts) for fact in row.when)
        for name in row.when
        if name not in facts
    }
    return [
        name
        for name, question in book.questions.items()
        if question.after_outcome and name in undecided and name not in declined
    ]


def offers(book: Rulebook, known: Mapping[str, Value], outcome: Outcome) -> list[Row]:
    """The offer rows known to hold for somebody with that outcome; more than one may."""
    facts = {**known, "route": outcome.route, "track": outcome.track or "none"}
    return [row for row in book.tables["offer"].rows if row.matches(facts)]


def _holds(row: Row, fact: str, facts: Mapping[str, Value]) -> bool:
    return Row(row.id, {fact: row.when[fact]}, {}).matches(facts)


def explanation(book: Rulebook, rows: Sequence[Row]) -> dict[str, str]:
    """Why, in every language: the words of the rows that can still decide, each once."""
    texts = [book.fill(row.texts["why"]) for row in rows]
    return {lang: " ".join(dict.fromkeys(text[lang] for text in texts)) for lang in ("da", "en")}


def as_answer(book: Rulebook, where: Standing) -> dict[str, Any]:
    """The machine answer of `portal triage outcome` (DOMAIN section 9)."""
    rules = [row.id for row in where.rows]
    if not where.settled:
        possible = [outcome.as_dict() for outcome in where.outcomes]
        return {"settled": False, "possible": possible, "ask": list(where.ask), "rules": rules}
    return {
        "settled": True,
        "outcome": where.outcome.as_dict(),
        "rules": rules,
        "rulebook": book.stamp,
        "why": explanation(book, where.rows),
        "law": list(dict.fromkeys(row.law for row in where.rows)),
    }


def _best_first(
    book: Rulebook, table: Table, groups: Sequence[Sequence[Box]], ask: Sequence[str]
) -> list[str]:
    """Facts sorted by how uncertain the outcome is expected to be after the answer, least first."""
    weights = _weights(book, table)

    def left_open(name: str) -> float:
        position = table.facts.index(name)
        total = 0.0
        for cell in range(len(table.cells[position].examples)):
            shares = [sum(weight(_narrow(box, position, cell), weights) for box in group) for group in groups]
            everyone = sum(shares)
            total -= sum(share * log2(share / everyone) for share in shares if share > 0)
        return total

    return sorted(ask, key=lambda name: (round(left_open(name), 9), table.facts.index(name)))


def _narrow(box: Box, position: int, cell: int) -> Box:
    return (*box[:position], box[position] & 1 << cell, *box[position + 1 :])


def _spread(cells: Cells, given: Mapping[str, Any]) -> tuple[float, ...]:
    if cells.fact.kind == "whole":
        values = range(int(given.get("low", cells.fact.low)), int(given.get("high", cells.fact.high)) + 1)
        counts: dict[int, float] = {}
        for value in values:
            mask = cells.mask_of(value)
            counts[mask] = counts.get(mask, 0) + 1 / len(values)
        return tuple(counts.get(1 << i, 0.0) for i in range(len(cells.examples)))
    shares: dict[int, float] = {}
    answers: tuple[Value, ...] = (False, True) if cells.fact.kind == "flag" else cells.fact.values
    for answer in answers:
        mask = cells.mask_of(answer)
        shares[mask] = shares.get(mask, 0) + float(given.get(str(answer).lower(), 1))
    total = sum(shares.values())
    return tuple(shares[1 << i] / total for i in range(len(cells.examples)))


def _weights(book: Rulebook, table: Table) -> list[tuple[float, ...]]:
    """How the population is spread over each fact's cells, from the rulebook's own figures."""
    spreads = [book.questions[name].weights if name in book.questions else {} for name in table.facts]
    return [_spread(cells, given) for cells, given in zip(table.cells, spreads, strict=True)]
