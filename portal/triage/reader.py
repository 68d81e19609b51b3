"""Reading rulebooks: every mistake in a file is collected, each naming table, row and what is wrong.

Also which rulebook holds on a day, and the very one a conversation or case is pinned to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from portal.domain.errors import NotFoundError
from portal.triage import facts
from portal.triage.facts import CONFIDENCES, Fact
from portal.triage.rulebook import (
    FOLDER,
    LANGUAGES,
    TABLES,
    Condition,
    Fault,
    Figure,
    Question,
    Rulebook,
    Source,
)
from portal.triage.table import OPERATORS, Row, Table


def open_rulebook(source: Source, on: date) -> tuple[Rulebook | None, list[Fault]]:
    """The rulebook as it applies on `on`, or every fault that keeps it from being read."""
    reader = Reader(source, on)
    book = reader.rulebook()
    return (None if reader.faults else book), reader.faults


@cache
def sources(folder: Path = FOLDER / "national") -> tuple[Source, ...]:
    return tuple(Source.read(path) for path in sorted(folder.glob("*.toml")))


@cache
def rulebook_on(day: date) -> Rulebook:
    """The national rulebook in force on `day`: the newest that has begun. NotFoundError before the first."""
    begun = [s for s in sources() if s.content["valid_from"] <= day]
    if not begun:
        raise NotFoundError("rulebook.none", on=day)
    book, faults = open_rulebook(max(begun, key=lambda s: s.content["valid_from"]), day)
    if book is None:
        raise ValueError(f"a published rulebook does not read: {faults[:3]}")
    return book


def pinned(stamp: Mapping[str, str], day: date) -> Rulebook:
    """The very rulebook a conversation or case began with, opened on the day it began."""
    book = _with_hash(stamp["hash"], day)
    if book is None:
        raise NotFoundError("rulebook.pinned", **stamp)
    return book


@lru_cache(maxsize=512)
def _with_hash(wanted: str, day: date) -> Rulebook | None:
    for source in sources():
        if source.hash == wanted:
            return open_rulebook(source, day)[0]
    return None


class Reader:
    """Reads one source for one day, collecting every fault instead of stopping at the first."""

    def __init__(self, source: Source, on: date) -> None:
        self.content = source.content
        self.hash = source.hash
        self.on = on
        self.faults: list[Fault] = []
        self.figures = dict(self._figures())

    def fault(self, table: str, row: str, kind: str, message: str) -> None:
        self.faults.append(Fault(table, row, kind, message))

    def rulebook(self) -> Rulebook:
        for key in ("id", "version", "valid_from"):
            if key not in self.content:
                self.fault("rulebook", "", "missing", f"write {key} at the top of the file")
        if not isinstance(self.content.get("valid_from"), date):
            self.fault("rulebook", "", "syntax", "write valid_from as a date without quotes, e.g. 2027-01-01")
        if "text" not in self.content.get("complaint", {}):
            self.fault(
                "complaint", "complaint", "rail.complaint", "the complaint guidance may not be left out"
            )
        tables = {name: self._table(name, vocabulary) for name, vocabulary in TABLES.items()}
        return Rulebook(
            id=str(self.content.get("id")),
            version=str(self.content.get("version")),
            hash=self.hash,
            tables=tables,
            conditions=tuple(self._conditions()),
            questions=dict(self._questions()),
            ways={
                raw["route"]: raw for raw in self._list("way") if self._both(raw, "way", ("title", "about"))
            },
            figures=self.figures,
            unclear=self._row("unclear", self.content.get("unclear", {}), {}, "route.unclear"),
            complaint=self._row("complaint", self.content.get("complaint", {}), {}, "complaint"),
            not_judged=self._not_judged(),
        )

    def _not_judged(self) -> Mapping[str, Mapping[str, str]]:
        texts: Mapping[str, Mapping[str, str]] = self.content.get("not_judged", {})
        self._both({"id": "not_judged", **texts}, "not_judged", ("candidate", "figure"))
        return texts

    def _list(self, name: str) -> Sequence[Mapping[str, Any]]:
        found = self.content.get(name, [])
        if not isinstance(found, list) or not found:
            self.fault(name, "", "missing", f"the table {name} is empty or not a list of [[{name}]]")
            return []
        return found

    def _both(self, raw: Mapping[str, Any], table: str, keys: Sequence[str]) -> bool:
        name = str(raw.get("id") or raw.get("route") or raw.get("fact"))
        for key in keys:
            for lang in LANGUAGES:
                texts = raw.get(key)
                if not isinstance(texts, dict) or not texts.get(lang):
                    self.fault(table, name, "missing_text", f"write {key}.{lang}")
        return True

    def _figures(self) -> Iterator[tuple[str, Figure]]:
        seen: dict[str, Mapping[str, Any]] = {}
        for raw in self.content.get("figure", []):
            name = str(raw.get("name", "?"))
            if raw.get("confidence") not in CONFIDENCES:
                self.fault(
                    "figure", name, "rail.confidence", f"confidence must be one of {', '.join(CONFIDENCES)}"
                )
            if "value" not in raw or not raw.get("law"):
                self.fault("figure", name, "missing", "a figure needs value and law")
            if raw.get("valid_from", date.min) <= self.on:
                current = seen.get(name)
                if current is None or raw.get("valid_from", date.min) >= current.get("valid_from", date.min):
                    seen[name] = raw
        for name, raw in seen.items():
            ended = raw.get("valid_to", date.max) < self.on
            confidence = "unverified" if ended else str(raw.get("confidence"))
            yield name, Figure(name, raw.get("value"), str(raw.get("law")), confidence)

    def _figure(self, wanted: Any, table: str, row: str, used: dict[str, Any]) -> Any:
        if isinstance(wanted, list):
            return [self._figure(one, table, row, used) for one in wanted]
        if not isinstance(wanted, str) or not wanted.startswith("@"):
            return wanted
        if wanted[1:] not in self.figures:
            self.fault(table, row, "unknown_figure", f"no figure {wanted[1:]} applies on {self.on}")
            return 0
        figure = self.figures[wanted[1:]]
        used[figure.name] = figure
        return figure.value

    def _condition(self, raw: Any, fact: Fact, table: str, row: str, used: dict[str, Any]) -> dict[str, Any]:
        parsed: dict[str, Any] = {}
        if not isinstance(raw, dict) or not raw:
            self.fault(
                table, row, "syntax", f"write {fact.name} as a condition, e.g. {fact.name}.equal = ..."
            )
            return parsed
        for operator, wanted in raw.items():
            if operator not in OPERATORS:
                self.fault(
                    table, row, "syntax", f"{operator} is no condition; use one of {', '.join(OPERATORS)}"
                )
            elif operator == "not":
                parsed["not"] = self._condition(wanted, fact, table, row, used)
            else:
                parsed[operator] = self._limit(
                    operator, self._figure(wanted, table, row, used), fact, table, row
                )
        return parsed

    def _limit(self, operator: str, limit: Any, fact: Fact, table: str, row: str) -> Any:
        many = operator in ("one_of", "between")
        if many != isinstance(limit, list) or (operator == "between" and len(limit) != 2):
            self.fault(
                table, row, "syntax", f"{fact.name}.{operator} takes {'a list' if many else 'one value'}"
            )
            return [] if many and operator == "one_of" else limit if not many else [0, 0]
        if fact.kind in ("flag", "choice") and operator not in ("equal", "one_of"):
            self.fault(table, row, "syntax", f"{fact.name} has no order; use equal, one_of or not")
        for value in limit if many else [limit]:
            if not self._in_domain(fact, value):
                self.fault(
                    table, row, "unknown_value", f"{value!r} is no value of {fact.name} ({fact.domain()})"
                )
        return limit

    @staticmethod
    def _in_domain(fact: Fact, value: Any) -> bool:
        try:
            fact.parse(value)
        except Exception:  # a figure of any type may stand in a draft
            return False
        return True

    def _when(
        self,
        raw: Mapping[str, Any],
        vocabulary: Mapping[str, Fact],
        table: str,
        row: str,
        used: dict[str, Any],
    ) -> dict[str, dict[str, Any]]:
        when = {}
        for name, condition in raw.items():
            if name not in vocabulary:
                self.fault(table, row, "unknown_fact", f"{name} is no fact this table may read")
            else:
                when[name] = self._condition(condition, vocabulary[name], table, row, used)
        return when

    def _row(self, table: str, raw: Mapping[str, Any], vocabulary: Mapping[str, Fact], name: str) -> Row:
        used: dict[str, Any] = {}
        when = self._when(raw.get("when", {}), vocabulary, table, name, used)
        then = {key: self._figure(value, table, name, used) for key, value in raw.get("then", {}).items()}
        stated = (
            table in ("team", "contact") or "confidence" in raw
        )  # these two are the municipality's own promises
        if not stated:
            self.fault(table, name, "rail.confidence", "a row needs law and confidence")
        confidence = str(raw.get("confidence", "policy"))
        if confidence not in CONFIDENCES:
            self.fault(table, name, "rail.confidence", f"confidence must be one of {', '.join(CONFIDENCES)}")
        texts = {key: raw[key] for key in ("why", "remedy", "text") if key in raw}
        if texts:
            self._both(raw, table, list(texts))
        if any(figure.confidence == "unverified" for figure in used.values()):
            confidence = "unverified"
        return Row(
            id=name,
            when=when,
            then=then or {"route": raw.get("route")},
            law=str(raw.get("law", "")),
            confidence=confidence,
            texts=texts,
            figures={figure_name: figure.value for figure_name, figure in used.items()},
            exemption=bool(raw.get("exemption", False)),
        )

    def _table(self, name: str, vocabulary: Mapping[str, Fact]) -> Table:
        rows: list[Row] = []
        for position, raw in enumerate(self._list(name), start=1):
            row_id = str(raw.get("id") or f"row {position}")
            if "id" not in raw or row_id in {row.id for row in rows}:
                self.fault(name, row_id, "syntax", "every row needs an id of its own")
            rows.append(self._row(name, raw, vocabulary, row_id))
            if name in ("route", "offer", "guarantee", "desk") and not (raw.get("why") and raw.get("law")):
                self.fault(name, row_id, "missing_text", "write why.da, why.en and law")
        return Table(rows, vocabulary)

    def _conditions(self) -> Iterator[Condition]:
        for raw in self._list("condition"):
            name = str(raw.get("id", "?"))
            self._both(raw, "condition", ("title",))
            inherited = {"law": raw.get("law", ""), "confidence": raw.get("confidence", "policy")}
            rows = [
                self._row("condition", {**inherited, **row}, facts.EMPLOYER, f"{name}.{position}")
                for position, row in enumerate(raw.get("row", []), start=1)
            ]
            for row in rows:
                if row.then.get("result") not in facts.RESULTS or "why" not in row.texts:
                    self.fault("condition", row.id, "missing", "a row needs then.result, why.da and why.en")
            yield Condition(
                id=name,
                schemes=tuple(raw.get("schemes", ())),
                title=raw.get("title", {}),
                law=str(raw.get("law", "")),
                confidence=str(raw.get("confidence")),
                table=Table(rows, facts.EMPLOYER),
                without_exemptions=Table([row for row in rows if not row.exemption], facts.EMPLOYER),
                figures=tuple(raw.get("figures", ())),
            )

    def _questions(self) -> Iterator[tuple[str, Question]]:
        for raw in self._list("question"):
            name = str(raw.get("fact", "?"))
            self._both(raw, "question", ("text", "help"))
            if name not in facts.CITIZEN:
                self.fault("question", name, "unknown_fact", f"{name} is no fact of the triage")
                continue
            yield (
                name,
                Question(
                    fact=name,
                    asked_when=self._when(raw.get("asked_when", {}), facts.CITIZEN, "question", name, {}),
                    texts={"text": raw.get("text", {}), "help": raw.get("help", {})},
                    options=raw.get("options", {}),
                    weights=raw.get("weights", {}),
                    asks=str(raw.get("asks", name)),
                    sensitive=bool(raw.get("sensitive", False)),
                    after_outcome=bool(raw.get("after_outcome", False)),
                ),
            )
