"""Rulebooks as they are once read: tables, figures, words, and where each came from.

A rulebook is opened on a day: rows and figures hold on their days only, and a figure whose validity has ended and that has
no successor goes on applying, marked unverified (DOMAIN section 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from portal.domain.errors import NotFoundError
from portal.triage import facts
from portal.triage.compiled import Decide, decider
from portal.triage.facts import Fact, Value
from portal.triage.table import Row, Table, holds

FOLDER = Path(__file__).parent / "rulebooks"
LANGUAGES = ("da", "en")
TABLES: Mapping[str, Mapping[str, Fact]] = {
    "route": facts.CITIZEN,
    "team": facts.OUTCOME,
    "contact": facts.OUTCOME,
    "offer": {**facts.CITIZEN, **facts.OUTCOME},
    "guarantee": facts.GUARANTEE,
    "akasse": facts.CITIZEN,
    "talks": facts.CITIZEN,
    "desk": facts.EMPLOYER,
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a rulebook. `kind` is stable; `person` is somebody it would go wrong for, if any.

    `file` and `line` (0: the file as a whole) say where; `day` is the first day on which it is wrong. `information` is a
    remark, and no fault.
    """

    table: str
    row: str
    kind: str
    message: str
    person: Mapping[str, Value] = field(default_factory=dict)
    file: str = ""
    line: int = 0
    day: date | None = None
    information: bool = False


@dataclass(frozen=True)
class Figure:
    """`value` is None for a figure that is said to be not known."""

    name: str
    value: Any
    law: str
    confidence: str
    label: Mapping[str, str] = field(default_factory=dict)
    note: Mapping[str, str] = field(default_factory=dict)
    valid_from: date | None = None
    valid_to: date | None = None
    origin: str = ""
    at: Any = field(default=None, compare=False)  # where it stands in its file, for messages

    @property
    def known(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class Question:
    """How a fact is asked for: its gate, its words, and how answers are spread in the population."""

    fact: str
    asked_when: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, Mapping[str, str]]
    options: Mapping[str, Mapping[str, str]]
    weights: Mapping[str, Any]
    asks: str
    sensitive: bool
    after_outcome: bool

    def gate_open(self, known: Mapping[str, Value]) -> bool:
        return all(
            name in known and holds(condition, known[name]) for name, condition in self.asked_when.items()
        )


@dataclass(frozen=True)
class Condition:
    """One condition of a company's request, as a table of its own."""

    id: str
    schemes: tuple[str, ...]
    title: Mapping[str, str]
    law: str
    confidence: str
    table: Table
    without_exemptions: Table
    figures: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """What a fact, its unit and its values are called, by language."""

    label: Mapping[str, str]
    unit: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Laid:
    """A municipal layer in a rulebook: whose, for which days, why, and what it did to which row or figure."""

    municipality: str
    version: str
    valid_from: date
    valid_to: date | None
    note: Mapping[str, str]
    law: str
    changes: tuple[tuple[str, str, str], ...]  # (verb, table, row or figure)


@dataclass(frozen=True, eq=False)
class Rulebook:
    """A rulebook opened on a day. Equal hash means equal rules, whatever the files are called."""

    id: str
    version: str
    hash: str
    tables: Mapping[str, Table]
    conditions: tuple[Condition, ...]
    questions: Mapping[str, Question]
    ways: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Figure]
    unclear: Row
    complaint: Row
    not_judged: Mapping[str, Mapping[str, str]]
    words: Mapping[str, Words]
    on: date
    laid: tuple[Laid, ...] = ()
    _deciders: dict[str, Decide] = field(default_factory=dict, repr=False)

    def decides(self, name: str, known: Mapping[str, Value]) -> Row | None:
        """The row of that table that decides for complete facts, by generated code; KeyError for a fact that is missing."""
        table = self.tables[name]
        if name not in self._deciders:
            self._deciders[name] = decider(table)
        place = self._deciders[name](known)
        return table.rows[place] if place >= 0 else None

    @property
    def stamp(self) -> dict[str, str]:
        return {"id": self.id, "version": self.version, "hash": self.hash}

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Every row with the name of its table or condition, in the file's order."""
        for name, table in self.tables.items():
            yield from ((name, row) for row in table.rows)
        for condition in self.conditions:
            yield from ((condition.id, row) for row in condition.table.rows)

    def row(self, row_id: str) -> Row:
        """The row of any table with that id; NotFoundError when there is none."""
        for _, row in self.rows():
            if row.id == row_id:
                return row
        if row_id == self.unclear.id:
            return self.unclear
        raise NotFoundError("rulebook.row", row=row_id)

    def number(self, name: str) -> Any:
        return self.figures[name].value

    def fill(self, texts: Mapping[str, str], more: Mapping[str, Any] | None = None) -> dict[str, str]:
        """Texts with the figures put in: "{hours.full_time}" becomes "37"."""
        values = {name: figure.value for name, figure in self.figures.items()} | dict(more or {})
        return {lang: fill_in(text, values, lang) for lang, text in texts.items()}


def fill_in(text: str, values: Mapping[str, Any], lang: str) -> str:
    """`text` with each {name} replaced by its value in words; a name without a value is left as it stands."""
    for name, value in values.items():
        if "{" + name + "}" in text:
            text = text.replace("{" + name + "}", said(value, lang))
    return text


def said(value: Any, lang: str) -> str:
    """A figure as people write it: 1,8108 and 27. november 2026 in Danish, 1.8108 and 27 November 2026 in English."""
    locale = {"da": "da_DK", "en": "en_GB"}[lang]
    if isinstance(value, date):
        return format_date(value, "d. MMMM y" if lang == "da" else "d MMMM y", locale=locale)
    if isinstance(value, float | Decimal):
        return format_decimal(value, "0.####", locale=locale)
    return str(value)
