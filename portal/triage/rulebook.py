"""Rulebooks: dated TOML files, read, checked and pinned by id, version and hash.

Every mistake in a file is collected, each naming table, row and what is wrong. Figures ("@name") are resolved for the
day a rulebook is opened on: a figure whose validity has ended goes on applying, marked unverified (DOMAIN section 7).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from portal.domain.errors import NotFoundError
from portal.triage import facts
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
    "desk": facts.EMPLOYER,
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a rulebook. `kind` is stable; `person` is somebody it would go wrong for, if any."""

    table: str
    row: str
    kind: str
    message: str
    person: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    name: str
    value: Any
    law: str
    confidence: str


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
class Rulebook:
    """A rulebook opened on a day. Equal hash means equal rules, whatever the file is called."""

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

    @property
    def stamp(self) -> dict[str, str]:
        return {"id": self.id, "version": self.version, "hash": self.hash}

    def row(self, row_id: str) -> Row:
        """The row of any table with that id; NotFoundError when there is none."""
        rows = [row for table in self.tables.values() for row in table.rows]
        for row in [*rows, self.unclear]:
            if row.id == row_id:
                return row
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
            text = text.replace("{" + name + "}", _said(value, lang))
    return text


def _said(value: Any, lang: str) -> str:
    """A figure as people write it: 1,8108 and 27. november 2026 in Danish, 1.8108 and 27 November 2026 in English."""
    locale = {"da": "da_DK", "en": "en_GB"}[lang]
    if isinstance(value, date):
        return format_date(value, "d. MMMM y" if lang == "da" else "d MMMM y", locale=locale)
    if isinstance(value, float | Decimal):
        return format_decimal(value, "0.####", locale=locale)
    return str(value)


@dataclass(frozen=True)
class Source:
    """A rulebook file as read: raw content, where from, and the hash of the content."""

    name: str
    content: Mapping[str, Any]
    hash: str

    @classmethod
    def read(cls, path: Path) -> Source:
        """Raises tomllib.TOMLDecodeError, with line and column, for what is not TOML."""
        content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        return cls(path.name, content, hashlib.sha256(canonical.encode()).hexdigest())
