"""The conversation: from what is known so far to the outcome, or to the facts still worth asking for.

An outcome is advice and never a decision. Nothing is asked that cannot change it; when one outcome is left, it stops.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.triage.facts import Value
from portal.triage.order import Order
from portal.triage.people import phrases
from portal.triage.rulebook import Rulebook
from portal.triage.table import Row


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
    team, contact = book.decides("team", about), book.decides("contact", about)
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
    by_outcome = tuple(dict.fromkeys(outcome_of(book, row) for row, _ in open_rows))
    rows = tuple(row for row, _ in open_rows)
    if len(by_outcome) == 1:
        return Standing(True, by_outcome, rows, ())
    ask = order_of(book).best_first(known, declined)
    if not ask:
        return Standing(True, (outcome_of(book, book.unclear),), (book.unclear,), ())
    return Standing(False, by_outcome, rows, tuple(ask))


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


def least_talks(book: Rulebook, known: Mapping[str, Value]) -> list[Row]:
    """The law's least number of conversations for somebody, in the rows that are known to hold; none in a rulebook that
    does not have the table."""
    table = book.tables.get("talks")
    return [row for row in table.rows if row.matches(known)] if table else []


def next_talk_within(book: Rulebook, known: Mapping[str, Value], outcome: Outcome) -> int | None:
    """Days within which the municipality holds the next conversation: the contact interval or the law's own, whichever is
    tighter. What the a-kasse holds is not counted."""
    spans = [
        int(row.then["weeks"]) * 7 // int(row.then["talks"])
        for row in least_talks(book, known)
        if row.then["by"] == "kommune"
    ]
    return min(
        [*spans, *([outcome.contact_interval_days] if outcome.contact_interval_days else [])], default=None
    )


def _holds(row: Row, fact: str, facts: Mapping[str, Value]) -> bool:
    return Row(row.id, {fact: row.when[fact]}, {}).matches(facts)


def explanation(book: Rulebook, rows: Sequence[Row], known: Mapping[str, Value]) -> dict[str, str]:
    """Why, in every language: the words of the rows that are known to hold, each once. Where none is, and several can still
    decide, that one of them does is all that is said: nothing nobody has answered is told as a fact."""
    known = {"wants_person": False, **known}
    certain = [row for row in rows if row.matches(known)]
    texts = [book.fill(row.texts["why"]) for row in certain or rows]
    said = {lang: list(dict.fromkeys(text[lang] for text in texts)) for lang in ("da", "en")}
    if certain or len(texts) == 1:
        return {lang: " ".join(sentences) for lang, sentences in said.items()}
    return {
        lang: phrases()[lang]["either"].format(x=phrases()[lang]["or"].join(f"“{one}”" for one in sentences))
        for lang, sentences in said.items()
    }


def as_answer(book: Rulebook, where: Standing, known: Mapping[str, Value]) -> dict[str, Any]:
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
        "why": explanation(book, where.rows, known),
        "law": list(dict.fromkeys(row.law for row in where.rows)),
    }


def order_of(book: Rulebook) -> Order:
    """In which order this rulebook asks; worked out once for equal rules, whatever day they are opened on."""
    numbers: dict[Outcome, int] = {}
    rows = book.tables["route"].rows
    outcomes = {row.id: numbers.setdefault(outcome_of(book, row), len(numbers)) for row in rows}
    key = book.hash, repr([(row.id, row.when, outcomes[row.id]) for row in rows])
    if key not in _orders:
        _orders[key] = Order(book, outcomes)
    return _orders[key]


_orders: dict[tuple[str, str], Order] = {}
