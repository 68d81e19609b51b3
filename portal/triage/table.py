"""Decision tables over known and unknown facts: the first row that holds decides.

A row is a box: for every fact the set of values it accepts. A fact's domain is cut into the few *cells* the table can
tell apart, a set of cells is a bit mask, and so "which rows are still possible", "which facts still matter" and "who is
left without a row" are exact set arithmetic, not search.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from portal.triage.facts import Fact, Value

Box = tuple[int, ...]  # one mask per fact, in the table's order of facts
OPERATORS = ("equal", "one_of", "at_least", "at_most", "less_than", "between", "not")


def holds(condition: Mapping[str, Any], value: Value) -> bool:
    """Whether `value` meets every part of `condition`, e.g. {"at_least": 15, "less_than": 30}."""
    for operator, wanted in condition.items():  # noqa: SIM110 a loop: this is asked a million times a proof
        if not _part(operator, wanted, value):
            return False
    return True


def _part(operator: str, wanted: Any, value: Any) -> bool:
    if operator == "equal":
        return bool(value == wanted)
    if operator == "one_of":
        return value in wanted
    if operator == "at_least":
        return bool(value >= wanted)
    if operator == "at_most":
        return bool(value <= wanted)
    if operator == "less_than":
        return bool(value < wanted)
    if operator == "between":
        return bool(wanted[0] <= value <= wanted[1])
    if operator == "not":
        return not holds(wanted, value)
    raise ValueError(f"no such condition: {operator}")


@dataclass(frozen=True)
class Row:
    """One row: `when` maps fact names to conditions, `then` is what it decides; the rest is for people."""

    id: str
    when: Mapping[str, Mapping[str, Any]]
    then: Mapping[str, Any]
    law: str = ""
    confidence: str = "policy"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    exemption: bool = False
    note: Mapping[str, str] = field(default_factory=dict)
    valid_from: date | None = None
    valid_to: date | None = None
    rank: int | None = None
    origin: str = ""
    at: Any = field(default=None, compare=False)  # where it stands in its file, for messages

    def matches(self, known: Mapping[str, Value]) -> bool:
        """Whether every condition is known to hold."""
        return all(name in known and holds(condition, known[name]) for name, condition in self.when.items())


def _numbers(condition: Mapping[str, Any]) -> Iterator[Any]:
    for operator, wanted in condition.items():
        if operator == "not":
            yield from _numbers(wanted)
        elif operator in ("one_of", "between"):
            yield from wanted
        else:
            yield wanted


def _samples(fact: Fact, conditions: Sequence[Mapping[str, Any]]) -> list[Value]:
    """Values enough to show every way the conditions can come out: for a number, each limit and its neighbours."""
    if fact.kind == "flag":
        return [False, True]
    if fact.kind == "choice":
        return list(fact.values)
    step = 1 if fact.kind == "whole" else Decimal("0.0001")
    near = {limit + d * step for c in conditions for limit in _numbers(c) for d in (-1, 0, 1)}
    return sorted(value for value in near | {fact.low, fact.high} if fact.low <= value <= fact.high)


@dataclass(frozen=True)
class Cells:
    """A fact's domain cut where the table cuts it: `examples[i]` is a value of cell i, `members[i]` are those at its edges."""

    fact: Fact
    conditions: tuple[Mapping[str, Any], ...]
    signatures: tuple[tuple[bool, ...], ...]
    examples: tuple[Value, ...]
    members: tuple[tuple[Value, ...], ...]

    @classmethod
    def cut(cls, fact: Fact, conditions: Sequence[Mapping[str, Any]]) -> Cells:
        """The fewest cells that tell the conditions apart; worked out once for equal conditions."""
        key = (fact, repr(conditions))
        if key not in _cut:
            if len(_cut) > MOST_CUT:
                _cut.clear()
            _cut[key] = cls._cut(fact, conditions)
        return _cut[key]

    @classmethod
    def _cut(cls, fact: Fact, conditions: Sequence[Mapping[str, Any]]) -> Cells:
        found: dict[tuple[bool, ...], list[Value]] = {}
        for value in _samples(fact, conditions):
            found.setdefault(tuple(holds(c, value) for c in conditions), []).append(value)
        members = tuple(tuple(values) for values in found.values())
        return cls(fact, tuple(conditions), tuple(found), tuple(values[0] for values in members), members)

    @property
    def all(self) -> int:
        return (1 << len(self.signatures)) - 1

    def mask_of(self, value: Value) -> int:
        return 1 << self.signatures.index(tuple(holds(c, value) for c in self.conditions))

    def nearest(self, mask: int, value: Value) -> Value:
        """The value in `mask` that is closest to `value`; for a choice the first."""
        inside = [one for i, values in enumerate(self.members) if mask >> i & 1 for one in values]
        if self.fact.kind in ("flag", "choice"):
            return inside[0]
        return min(inside, key=lambda one: abs(Decimal(str(one)) - Decimal(str(value))))

    def mask_of_condition(self, number: int) -> int:
        """The cells that meet the condition of that number among those the fact was cut by."""
        return sum(1 << i for i, signature in enumerate(self.signatures) if signature[number])

    def mask_where(self, condition: Mapping[str, Any]) -> int:
        return sum(1 << i for i, example in enumerate(self.examples) if holds(condition, example))


MOST_CUT = 20_000
_cut: dict[tuple[Fact, str], Cells] = {}


class Table:
    """Rows over a vocabulary. `facts` are the names the rows read, in order of first mention."""

    def __init__(self, rows: Sequence[Row], vocabulary: Mapping[str, Fact]) -> None:
        self.rows = tuple(rows)
        self.facts = tuple(dict.fromkeys(name for row in rows for name in row.when))
        self.cells = [
            Cells.cut(vocabulary[name], [row.when[name] for row in rows if name in row.when])
            for name in self.facts
        ]
        self.boxes = self._all_boxes()

    def _all_boxes(self) -> list[Box]:
        columns = []
        for name, cells in zip(self.facts, self.cells, strict=True):
            masks = iter(range(len(cells.conditions)))
            columns.append(
                [cells.mask_of_condition(next(masks)) if name in row.when else cells.all for row in self.rows]
            )
        return list(zip(*columns, strict=True)) if columns else [() for _ in self.rows]

    def first(self, known: Mapping[str, Value]) -> Row | None:
        """The row that decides for completely known facts."""
        return next((row for row in self.rows if row.matches(known)), None)

    def start(self, known: Mapping[str, Value]) -> Box:
        """Everybody who agrees with what is known."""
        return tuple(
            cells.mask_of(known[name]) if name in known else cells.all
            for name, cells in zip(self.facts, self.cells, strict=True)
        )

    def split(self, box: Box) -> tuple[list[tuple[Row, list[Box]]], list[Box]]:
        """For each row the part of `box` it decides, as disjoint boxes; and the part no row decides."""
        left, decided = [box], []
        for row, wanted in zip(self.rows, self.boxes, strict=True):
            hits: list[Box] = []
            rest: list[Box] = []
            for part in left:
                cut(part, wanted, hits, rest)
            decided.append((row, hits))
            left = rest
        return decided, left

    def possible(self, known: Mapping[str, Value]) -> list[Row]:
        """The rows that can still decide, in order. Exactly one once the facts settle it."""
        return [row for row, boxes in self.split(self.start(known))[0] if boxes]

    def everybody(self) -> Iterator[dict[str, Value]]:
        """Somebody from every cell the table can tell apart."""
        for values in itertools.product(*(cells.examples for cells in self.cells)):
            yield dict(zip(self.facts, values, strict=True))

    def person(self, box: Box) -> dict[str, Value]:
        """Somebody in `box`, as facts."""
        return {
            name: next(example for i, example in enumerate(cells.examples) if mask >> i & 1)
            for name, cells, mask in zip(self.facts, self.cells, box, strict=True)
        }


def cut(part: Box, wanted: Box, hits: list[Box], rest: list[Box]) -> None:
    """Appends to `hits` what of `part` lies in `wanted`, to `rest` the remainder, all disjoint."""
    for mine, theirs in zip(part, wanted, strict=True):
        if not mine & theirs:
            rest.append(part)
            return
    for i, (mine, theirs) in enumerate(zip(part, wanted, strict=True)):
        if outside := mine & ~theirs:
            rest.append((*part[:i], outside, *part[i + 1 :]))
        part = (*part[:i], mine & theirs, *part[i + 1 :])
    hits.append(part)


def facts_that_matter(groups: Iterable[Sequence[Box]], count: int) -> set[int]:
    """The positions of facts whose answer alone can move somebody from one group of boxes to another."""
    parts = [list(group) for group in groups]
    matter: set[int] = set()
    for i, group in enumerate(parts):
        for a in group:
            for b in (box for other in parts[i + 1 :] for box in other):
                apart = [k for k in range(count) if not a[k] & b[k]]
                if len(apart) == 1:
                    matter.add(apart[0])
    return matter
