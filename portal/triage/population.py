"""Many people at once: a made-up population, and for each of them the row that decides, by look-up in arrays.

A table tells apart a few hundred to a few thousand cells. The row of every cell is worked out once; a person is then a
number, and a million of them one indexing. People are made from the rulebook's own weights, so they are nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.triage.dialogue import Outcome, outcome_of
from portal.triage.facts import CITIZEN, Fact, Value, values_of
from portal.triage.rulebook import Rulebook
from portal.triage.table import Cells, Table

Column = NDArray[np.int64]
WIDEST = 20_000  # values of a fact that are looked up one by one


def code_of(fact: Fact, value: Value) -> int:
    """A value as a number: its place among the values."""
    return int(value) - fact.low if fact.kind == "whole" else values_of(fact).index(value)


@dataclass(frozen=True, eq=False)
class Lookup:
    """One table as arrays: for each fact how far every value goes in `rows`, and for every combination of cells the deciding
    row."""

    table: Table
    steps: tuple[NDArray[np.int32], ...]
    rows: NDArray[np.int16]

    def decide(self, people: Mapping[str, Column]) -> NDArray[np.int16]:
        """The position of the row that decides for each person; -1 where none does."""
        size = len(next(iter(people.values()))) if people else 0
        index = np.zeros(size, dtype=np.int32)
        for name, steps in zip(self.table.facts, self.steps, strict=True):
            index += steps.take(people[name])
        return self.rows.take(index)


@lru_cache(maxsize=1024)
def lookup(table: Table) -> Lookup:
    """ValueError for a table with a fact of too many values to be looked up."""
    shape = tuple(len(cells.examples) for cells in table.cells)
    rows = np.full(shape, -1, dtype=np.int16)
    for position in range(len(table.rows) - 1, -1, -1):
        chosen = tuple(_members(mask, size) for mask, size in zip(table.boxes[position], shape, strict=True))
        rows[np.ix_(*chosen)] = position
    strides = [int(np.prod(shape[at + 1 :], dtype=np.int64)) for at in range(len(shape))]
    steps = (_cell_of_each(cells) * stride for cells, stride in zip(table.cells, strides, strict=True))
    return Lookup(table, tuple(one.astype(np.int32) for one in steps), rows.ravel())


def _members(mask: int, size: int) -> NDArray[np.intp]:
    return np.array([i for i in range(size) if mask >> i & 1], dtype=np.intp)


def _cell_of_each(cells: Cells) -> Column:
    fact = cells.fact
    if fact.kind == "decimal" or fact.high - fact.low > WIDEST:
        raise ValueError(f"{fact.name} has too many values to look up")
    return np.array([cells.mask_of(value).bit_length() - 1 for value in values_of(fact)], dtype=np.int64)


# ------------------------------------------------------------------ people who are nobody


def made_up(book: Rulebook, size: int, seed: int) -> dict[str, Column]:
    """So many people with every fact of the triage, spread as the rulebook says; the same for the same seed."""
    rng = np.random.default_rng(seed)
    people: dict[str, Column] = {}
    for name, fact in CITIZEN.items():
        given: Mapping[str, Any] = book.questions[name].weights if name in book.questions else {}
        if name == "wants_person":
            people[name] = np.zeros(size, dtype=np.int64)
        elif fact.kind == "whole" and not set(given) - {"low", "high"}:
            low, high = int(given.get("low", fact.low)), int(given.get("high", fact.high))
            people[name] = rng.integers(low - fact.low, high - fact.low + 1, size)
        else:
            usual = 0 if fact.kind == "whole" else 1
            shares = np.array([float(given.get(str(value).lower(), usual)) for value in values_of(fact)])
            people[name] = rng.choice(len(shares), size, p=shares / shares.sum())
    return people


def person(people: Mapping[str, Column], at: int) -> dict[str, Value]:
    """One of them, as facts."""
    return {name: values_of(CITIZEN[name])[int(column[at])] for name, column in people.items()}


def of_facts(stored: Sequence[Mapping[str, Value]]) -> dict[str, Column]:
    """Complete facts of several people as columns."""
    return {
        name: np.array([code_of(fact, one[name]) for one in stored], dtype=np.int64)
        for name, fact in CITIZEN.items()
    }


def routed(book: Rulebook, people: Mapping[str, Column]) -> NDArray[np.int16]:
    """The position of the route row for each person."""
    return lookup(book.tables["route"]).decide(people)


def outcomes(book: Rulebook) -> tuple[Outcome, ...]:
    """What each route row comes to, by the row's position."""
    return tuple(outcome_of(book, row) for row in book.tables["route"].rows)
