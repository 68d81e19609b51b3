"""A company's request judged: every condition with its figures and reasons, the desk it goes to, the earliest start.

What the company is shown is judged without the candidate, before and after: `judge(...)` with candidate None.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.domain.calendar import add_working_days
from portal.domain.errors import InvalidError
from portal.domain.placement import Ratio, RatioFigures, ratio
from portal.triage.facts import CANDIDATE, REQUEST, Value, parse_facts
from portal.triage.rulebook import Condition, Rulebook
from portal.triage.table import Row, facts_that_matter

# What is worked out, and the figures it is worked out from: it is these a person must give.
SOURCES: Mapping[str, tuple[str, ...]] = {
    "ratio_room": ("ordinary_fte", "supported_fte", "positions", "weekly_hours"),
    "ratio_largest": ("ordinary_fte", "supported_fte", "positions", "weekly_hours"),
    "fte_growth": ("latest_month_fte", "twelve_month_mean_fte"),
    "start_margin_days": ("start",),
    "vacated": ("vacated_months_ago",),
}


@dataclass(frozen=True)
class Candidate:
    """What is known of a named candidate; facts not known are absent."""

    municipality: str | None
    known: Mapping[str, Value]


@dataclass(frozen=True)
class PlacementFacts:
    """A request as the rules read it. `known` holds the facts of section 6 that are known."""

    municipality: str
    start: date | None
    known: Mapping[str, Value]
    candidate: Candidate | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any], municipality: str) -> PlacementFacts:
        """From plain data, as `portal employer check` reads it. InvalidError names what cannot be read."""
        rest = dict(raw)
        where = _code(rest.pop("municipality", None)) or municipality
        start = _day(rest.pop("start", None))
        person = rest.pop("candidate", None)
        candidate = None
        if person is not None:
            if not isinstance(person, dict):
                raise InvalidError("request.candidate", value=str(person)[:80])
            lives = _code(person.get("municipality"))
            candidate = Candidate(
                lives, parse_facts(CANDIDATE, {k: v for k, v in person.items() if k != "municipality"})
            )
        known = parse_facts(REQUEST, rest)
        if "scheme" not in known:
            raise InvalidError("fact.missing", fact="scheme")
        if "vacated_months_ago" in rest:
            known["vacated"] = rest["vacated_months_ago"] is not None
        return cls(where, start, known, candidate)

    def plain(self) -> dict[str, Any]:
        """The request without its candidate, as plain data that `parse` reads back."""
        facts: dict[str, Any] = {
            name: str(v) if isinstance(v, Decimal) else v
            for name, v in self.known.items()
            if name != "vacated"
        }
        if self.known.get("vacated") is False:
            facts["vacated_months_ago"] = None
        return {
            **facts,
            "municipality": self.municipality,
            "start": self.start.isoformat() if self.start else None,
        }


@dataclass(frozen=True)
class Judged:
    """One condition's answer. `missing` names the facts that keep it from being judged."""

    id: str
    title: Mapping[str, str]
    result: str
    figures: Mapping[str, Any]
    law: str
    confidence: str
    why: Mapping[str, str]
    remedy: Mapping[str, str] | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Desk:
    id: str
    team: str
    forward_to: str | None
    law: str
    why: Mapping[str, str]
    about_candidate: bool = True  # whether the reason rests on the candidate's own facts


@dataclass(frozen=True)
class Judgement:
    conditions: Mapping[str, Judged]
    desk: Desk
    earliest_start: date
    known: Mapping[str, Value]
    with_candidate: bool


def judge(
    book: Rulebook,
    request: PlacementFacts,
    today: date,
    closed: Container[date],
    *,
    earliest: date | None = None,
) -> Judgement:
    """All conditions of the request's scheme, in the rulebook's order, with the desk and the earliest start.

    `earliest` is the earliest start as it was once promised; without it, it is worked out from today and the lead time.
    """
    earliest = earliest or add_working_days(today, book.number("start.lead_days"), closed)
    known, the_ratio = _worked_out(book, request, earliest)
    judged = [
        _judge_one(book, condition, known, the_ratio, earliest, with_candidate=request.candidate is not None)
        for condition in book.conditions
        if request.known["scheme"] in condition.schemes
    ]
    found = {one.id: one for one in judged}
    return Judgement(
        found, _desk(book, request, known), earliest, known, with_candidate=request.candidate is not None
    )


def _worked_out(
    book: Rulebook, request: PlacementFacts, earliest: date
) -> tuple[dict[str, Value], Ratio | None]:
    known = dict(request.known)
    if request.candidate is not None:
        known |= request.candidate.known
        lives = request.candidate.municipality
        if lives is not None:
            known["candidate_elsewhere"] = lives != request.municipality
    if request.start is not None:
        known["start_margin_days"] = (request.start - earliest).days
    if "latest_month_fte" in known and "twelve_month_mean_fte" in known:
        known["fte_growth"] = _dec(known["latest_month_fte"]) - _dec(known["twelve_month_mean_fte"])
    the_ratio = None
    if all(name in known for name in ("ordinary_fte", "supported_fte", "positions", "weekly_hours")):
        the_ratio = ratio(
            ordinary=_dec(known["ordinary_fte"]),
            supported=_dec(known["supported_fte"]),
            positions=int(known["positions"]),
            weekly_hours=_dec(known["weekly_hours"]),
            figures=RatioFigures(
                first_staff=book.number("ratio.first_staff"),
                first_per=book.number("ratio.first_per"),
                next_per=book.number("ratio.next_per"),
                at_least=book.number("ratio.at_least"),
                full_time=book.number("hours.full_time"),
            ),
        )
        # Only the sign of the room is read by the table, so the exact fraction never has to be rounded.
        room = the_ratio.room
        known["ratio_room"] = Decimal((room > 0) - (room < 0))
        if the_ratio.largest is not None:
            known["ratio_largest"] = min(the_ratio.largest, 1_000_000)
    return known, the_ratio


def _judge_one(
    book: Rulebook,
    condition: Condition,
    known: Mapping[str, Value],
    the_ratio: Ratio | None,
    earliest: date,
    *,
    with_candidate: bool,
) -> Judged:
    table = condition.table if with_candidate else condition.without_exemptions
    decided, _ = table.split(table.start(known))
    rows = [row for row, boxes in decided if boxes]
    results = dict.fromkeys(str(row.then["result"]) for row in rows)
    groups = [
        [box for row, boxes in decided for box in boxes if row.then["result"] == result] for result in results
    ]
    matter = [table.facts[i] for i in sorted(facts_that_matter(groups, len(table.facts)))]
    row = next((row for row in rows if row.matches(known)), rows[0])
    exempt = bool(row.then.get("exempt")) and len(results) == 1
    figures = _figures(condition, row, known, the_ratio, earliest, exempt=exempt)
    if len(results) > 1:
        missing = tuple(
            source for name in matter for source in SOURCES.get(name, (name,)) if source not in known
        )
        return _not_judged(book, condition, figures, tuple(dict.fromkeys(missing)), rows)
    values = {**figures, "earliest_start": earliest}
    return Judged(
        id=condition.id,
        title=condition.title,
        result=next(iter(results)),
        figures=figures,
        law=row.law,
        confidence=row.confidence,
        why=book.fill(row.texts["why"], values),
        remedy=book.fill(row.texts["remedy"], values) if "remedy" in row.texts else None,
        missing=(),
    )


def _not_judged(
    book: Rulebook,
    condition: Condition,
    figures: Mapping[str, Any],
    missing: tuple[str, ...],
    rows: list[Row],
) -> Judged:
    about_candidate = any(name in CANDIDATE for name in missing)
    return Judged(
        id=condition.id,
        title=condition.title,
        result="not_judged",
        figures=figures,
        law=condition.law,
        confidence="unverified"
        if any(row.confidence == "unverified" for row in rows)
        else condition.confidence,
        why=book.not_judged["candidate" if about_candidate else "figure"],
        remedy=None,
        missing=missing,
    )


def _figures(
    condition: Condition,
    row: Row,
    known: Mapping[str, Value],
    the_ratio: Ratio | None,
    earliest: date,
    *,
    exempt: bool,
) -> dict[str, Any]:
    """The rulebook's figures the row rests on, and the request's own that the condition names."""
    figures = dict(row.figures.items())
    for name in condition.figures:
        if name == "ratio":
            figures["limit"] = the_ratio.limit if the_ratio else None
            figures["asked"] = round(float(the_ratio.asked), 4) if the_ratio else None
            figures["largest_positions"] = None if exempt or the_ratio is None else the_ratio.largest
        elif name == "earliest_start":
            figures["earliest_start"] = earliest.isoformat()
        elif name not in CANDIDATE:
            figures[name] = known.get(name)
    return figures


def _desk(book: Rulebook, request: PlacementFacts, known: Mapping[str, Value]) -> Desk:
    row = book.tables["desk"].first(known)
    if row is None:
        raise ValueError("the desk table has a gap")
    forward = request.candidate.municipality if row.then.get("forward") and request.candidate else None
    about = any(name in CANDIDATE for name in row.when)
    return Desk(row.id, str(row.then["team"]), forward, row.law, book.fill(row.texts["why"]), about)


def _dec(value: Value) -> Decimal:
    return Decimal(str(value))


def _day(raw: Any) -> date | None:
    if raw is None:
        return None
    try:
        return date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise InvalidError("request.start", value=str(raw)[:40]) from None


def _code(raw: Any) -> str | None:
    return None if raw is None else municipality_code(raw)


def municipality_code(raw: Any) -> str:
    """A municipality code as three digits; importers and callers may write a leading zero."""
    code = str(raw)
    if not code.isascii() or not code.isdigit() or len(code.lstrip("0")) != 3:
        raise InvalidError("municipality.code", value=code[:20])
    return code.lstrip("0")
