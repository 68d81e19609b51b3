"""Why: the row that decided, what it read, which rows were near and on what alone they failed, and the smallest change of
facts that would have led elsewhere: the fewest facts there can be, and of those ways the nearest for the person. Exact, over
the cells a table can tell apart; what all people of a cell share is worked out once.

`told` puts it into words for three readers: the citizen or company (no office words), the caseworker (ids and version), the
auditor (everything).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from math import inf
from typing import Any

from portal.triage.facts import Value
from portal.triage.people import condition_said, fact_said, phrases
from portal.triage.rulebook import LANGUAGES, Rulebook
from portal.triage.table import Box, Row, Table

CITIZEN, CASEWORKER, AUDITOR = "citizen", "caseworker", "auditor"
READERS = (CITIZEN, CASEWORKER, AUDITOR)
NEAREST = 4
MOST_BUILT = 10_000  # explanations kept of one cell
Decision = Callable[[Row], Any]  # what a row comes to: rows with equal decisions lead to the same place


@dataclass(frozen=True)
class Near:
    """A row before the one that decided that would have, but for one condition."""

    row: Row
    fact: str


@dataclass(frozen=True)
class Elsewhere:
    """The fewest facts that would have to be otherwise for another decision, each with the nearest value that does it."""

    row: Row
    change: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Explanation:
    """`rows` can still decide (more than one when they all come to the same); `read` are the facts known of those the table
    reads up to there."""

    rows: tuple[Row, ...]
    read: tuple[str, ...]
    near: tuple[Near, ...]
    elsewhere: tuple[Elsewhere, ...]


@dataclass(frozen=True)
class Other:
    """One way to another decision: these facts in these cells, and whatever is not known then decides nothing."""

    row: Row
    place: int
    cells: tuple[tuple[int, int], ...]  # position of the fact, and its cell


# a number that changes: fact, value, and the share of its domain that one step is
Part = tuple[str, Any, Any]


@dataclass(frozen=True)
class _Way:
    """One way elsewhere for everybody of a cell: the change is the same for all, only how far it is differs."""

    elsewhere: Elsewhere
    order: tuple[int, int]  # how many facts, and the row's place
    base: float
    parts: tuple[Part, ...]


class Explained:
    """All people of one cell: the same rows, the same near ones, and the ways elsewhere, of which each person's nearest is
    told. `others` holds, for each decision, every way that changes as few facts as any. `whoever` is the explanation where it
    is the same for all of them."""

    def __init__(
        self, table: Table, start: Box, explanation: Explanation, others: Sequence[Sequence[Other]]
    ) -> None:
        self.table, self.start, self.explanation = table, start, explanation
        self._others = [_worth_a_look(told for way in ways for told in self._ways(way)) for ways in others]
        self._open = [(at, _compared(ways)) for at, ways in enumerate(self._others) if len(ways) > 1]
        names = dict.fromkeys(part[0] for _, ways in self._open for _, parts in ways for part in parts)
        self._numbers = tuple(names)  # those that decide whose way is the nearest
        self._built: dict[tuple[Value, ...], Explanation] = {}
        self.whoever = None if names else self._nearest({})

    def of(self, known: Mapping[str, Value]) -> Explanation:
        """The explanation for the one person, who must be of this cell; worked out once for equal numbers."""
        if self.whoever is not None:
            return self.whoever
        key = tuple([known[name] for name in self._numbers])
        found = self._built.get(key)
        if found is None:
            if len(self._built) > MOST_BUILT:
                self._built.clear()
            found = self._built[key] = self._nearest(known)
        return found

    def _nearest(self, known: Mapping[str, Value]) -> Explanation:
        chosen = [ways[0] for ways in self._others]
        for at, ways in self._open:
            nearest = inf
            for number, (far, parts) in enumerate(ways):
                far += sum(float(abs(value - known[name])) * step for name, value, step in parts)
                if far < nearest:
                    nearest, chosen[at] = far, self._others[at][number]
        told = tuple(way.elsewhere for way in sorted(chosen, key=lambda way: way.order))
        return replace(self.explanation, elsewhere=told)

    def _ways(self, way: Other) -> Iterator[_Way]:
        """The way with every value that is the nearest for somebody of the cell: for a number, one on each side at most of
        each stretch the cell has."""
        values = []
        for at, cell in way.cells:
            cells, own = self.table.cells[at], self.start[at].bit_length() - 1
            values.append(dict.fromkeys(cells.nearest(1 << cell, one) for one in cells.members[own]))
        for chosen in product(*values):
            change, base, parts = [], 0.0, []
            for (at, _cell), value in zip(way.cells, chosen, strict=True):
                name, fact = self.table.facts[at], self.table.cells[at].fact
                change.append((name, value))
                if fact.kind in ("whole", "decimal"):
                    width = max(fact.high - fact.low, 1)
                    exact = value if fact.kind == "whole" else Decimal(str(value))
                    parts.append((name, exact, 1 / width))
                else:
                    base += 1
            yield _Way(Elsewhere(way.row, tuple(change)), (len(change), way.place), base, tuple(parts))


def _compared(ways: Sequence[_Way]) -> list[tuple[float, tuple[Part, ...]]]:
    """How far each way is, without what is as far in all of them."""
    shared = set(ways[0].parts).intersection(*(way.parts for way in ways[1:]))
    return [(way.base, tuple(part for part in way.parts if part not in shared)) for way in ways]


def _worth_a_look(ways: Iterable[_Way]) -> list[_Way]:
    """Of ways that are always as far as each other only the one whose row comes first, which is the one that is told."""
    found: dict[tuple[float, tuple[Part, ...]], _Way] = {}
    for way in sorted(ways, key=lambda one: one.order):
        found.setdefault((way.base, way.parts), way)
    return list(found.values())


class Explainer:
    """Explains one table's decisions. `decision` says which rows come to the same."""

    def __init__(
        self, table: Table, decision: Decision, never: Sequence[str] = (), *, others: bool = True
    ) -> None:
        self.table, self.decision = table, decision
        self.never = {table.facts.index(name) for name in never if name in table.facts}
        self._others = others
        self._found: dict[tuple[Box, tuple[bool, ...]], Explained] = {}
        self._regions: list[tuple[Row, list[Box]]] | None = None

    def explain(self, known: Mapping[str, Value]) -> Explanation:
        """Why `known` comes to what it does, settled or not."""
        return self.cell(known).of(known)

    def cell(self, known: Mapping[str, Value]) -> Explained:
        """What holds for everybody in the same cell as `known`; worked out once."""
        start = self.table.start(known)
        key = start, tuple(name in known for name in self.table.facts)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._explained(start, known)
        return found

    def _explained(self, start: Box, known: Mapping[str, Value]) -> Explained:
        rows = tuple(row for row, boxes in self.table.split(start)[0] if boxes)
        if not rows:
            return Explained(self.table, start, Explanation((), (), (), ()), ())
        upto = self.table.rows[: self.table.rows.index(rows[-1]) + 1]
        read = tuple(
            name
            for i, name in enumerate(self.table.facts)
            if name in known and i not in self.never and any(name in row.when for row in upto)
        )
        common = Explanation(rows, read, self._near(rows, known), ())
        return Explained(self.table, start, common, self._elsewhere(rows, start) if self._others else ())

    def _near(self, rows: Sequence[Row], known: Mapping[str, Value]) -> tuple[Near, ...]:
        """Rows before the first that can decide, all of whose conditions are known to hold but one; another decision."""
        found = []
        mine = {self.decision(row) for row in rows}
        for row in self.table.rows[: self.table.rows.index(rows[0])]:
            missed = [name for name in row.when if not Row("", {name: row.when[name]}, {}).matches(known)]
            if len(missed) != 1 or missed[0] not in known or self.table.facts.index(missed[0]) in self.never:
                continue
            if self.decision(row) not in mine:
                found.append(Near(row, missed[0]))
        return tuple(found[-NEAREST:][::-1])

    def _elsewhere(self, rows: Sequence[Row], start: Box) -> list[list[Other]]:
        """For each decision there is beside that of `rows` every way to it that changes as few facts as any."""
        mine = {self.decision(row) for row in rows}
        regions: dict[Any, list[tuple[int, int, Row, Box, tuple[int, ...]]]] = {}
        for place, (row, boxes) in enumerate(self._decided()):
            decision = self.decision(row)
            for box in boxes if decision not in mine else ():
                apart = tuple(i for i, here in enumerate(start) if not here & box[i])
                if apart and not self.never & set(apart):
                    regions.setdefault(decision, []).append((len(apart), place, row, box, apart))
        found = []
        for decision, near in regions.items():
            for fewest in sorted({one[0] for one in near}):
                ways = {
                    way.cells: way
                    for count, place, row, box, apart in reversed(near)
                    if count == fewest
                    for way in self._ways(start, place, row, box, apart, decision)
                }
                if ways:
                    found.append(list(ways.values()))
                    break
        return found

    def _ways(
        self, start: Box, place: int, row: Row, box: Box, apart: Sequence[int], decision: Any
    ) -> Iterator[Other]:
        """Every choice of cells for the facts apart that alone settles it, whatever is not known."""
        choices = [[i for i in range(box[at].bit_length()) if box[at] >> i & 1] for at in apart]
        for cells in product(*choices):
            there = list(start)
            for at, cell in zip(apart, cells, strict=True):
                there[at] = 1 << cell
            settled = all(mask & (mask - 1) == 0 for mask in there) or {
                self.decision(one) for one, boxes in self.table.split(tuple(there))[0] if boxes
            } == {decision}
            if settled:
                yield Other(row, place, tuple(zip(apart, cells, strict=True)))

    def _decided(self) -> list[tuple[Row, list[Box]]]:
        if self._regions is None:
            self._regions = self.table.split(self.table.start({}))[0]
        return self._regions


# ------------------------------------------------------------------ in words


def as_facts(
    book: Rulebook,
    found: Explanation,
    known: Mapping[str, Value],
    titles: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The explanation as plain data, to be stored with the case: words in every language, ids, version and all figures.

    `titles` maps a row's id to what people call where it leads; `values` are the case's own figures that texts name.
    """
    return {
        "rulebook": book.stamp,
        "rows": [
            {
                "rule": row.id,
                "law": row.law,
                "confidence": row.confidence,
                "why": book.fill(row.texts["why"], values) if "why" in row.texts else {},
                "holds": row.matches(known),
                "figures": {name: str(value) for name, value in row.figures.items()},
                "origin": row.origin,
            }
            for row in found.rows
        ],
        "read": [
            {
                "fact": name,
                "value": _plain(known[name]),
                "said": _each(fact_said, name, known[name], book.words),
            }
            for name in found.read
        ],
        "near": [
            {
                "rule": near.row.id,
                "fact": near.fact,
                "title": titles.get(near.row.id, {}),
                "condition": _each(condition_said, near.fact, near.row.when[near.fact], book.words),
            }
            for near in found.near
        ],
        "elsewhere": [
            {
                "rule": other.row.id,
                "change": {name: _plain(value) for name, value in other.change},
                "title": titles.get(other.row.id, {}),
                "said": {
                    lang: phrases()[lang]["and"].join(
                        fact_said(name, value, book.words, lang) for name, value in other.change
                    )
                    for lang in LANGUAGES
                },
            }
            for other in found.elsewhere
        ],
    }


def told(stored: Mapping[str, Any], reader: str, lang: str) -> list[str]:
    """What is stored, as sentences for that reader."""
    phrase = phrases()[lang]
    certain = [row for row in stored["rows"] if row.get("holds", True)] or stored["rows"]
    said = list(dict.fromkeys(row["why"][lang] for row in certain if row["why"]))
    if stored["read"]:
        said.append(phrase["read"].format(facts="; ".join(one["said"][lang] for one in stored["read"])))
    said += told_of_others(stored, reader, lang)
    if any(row["confidence"] == "unverified" for row in stored["rows"]):
        said.append(phrase["unverified"])
    return [*said, *(_told_of_rules(stored, reader, lang) if reader != CITIZEN else [])]


def told_of_others(stored: Mapping[str, Any], reader: str, lang: str) -> list[str]:
    """The rows that were near, and what would have led elsewhere. To the citizen by name, to staff by the row's id; what has
    no name is not told to the citizen."""
    phrase = phrases()[lang]
    said = []
    for one in stored["near"]:
        name = _name(one, reader, lang)
        if name:
            said.append(
                phrase["near"].format(title=name[:1].upper() + name[1:], condition=one["condition"][lang])
            )
    for one in stored["elsewhere"]:
        name = _name(one, reader, lang)
        if name:
            said.append(
                phrase["elsewhere"].format(change=one["said"][lang], title=name[:1].lower() + name[1:])
            )
    return list(dict.fromkeys(said))


def _name(one: Mapping[str, Any], reader: str, lang: str) -> str:
    return str(one["title"].get(lang, "")) if reader == CITIZEN else str(one["rule"])


def _told_of_rules(stored: Mapping[str, Any], reader: str, lang: str) -> list[str]:
    phrase, book = phrases()[lang], stored["rulebook"]
    stamp = book["hash"] if reader == AUDITOR else book["hash"][:12]
    rules = ", ".join(row["rule"] for row in stored["rows"])
    said = [
        phrase["rule"].format(rule=rules, book=f"{book['id']} {book['version']} ({stamp})"),
        phrase["law"].format(law="; ".join(dict.fromkeys(row["law"] for row in stored["rows"]))),
    ]
    if reader == AUDITOR:
        for row in stored["rows"]:
            said += [f"{name} = {value}" for name, value in row["figures"].items()]
        said += [f"{one['fact']} = {one['value']}" for one in stored["read"]]
    return said


def _each(say: Callable[..., str], *given: Any) -> dict[str, str]:
    return {lang: say(*given, lang) for lang in LANGUAGES}


def _plain(value: Value) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
