"""In which order to ask, so that as few questions as possible are asked of the people there are.

The outcome is a function of the facts' cells. A question splits it; where nothing more can change it, it is one value and the
walk is over. The order is the exact optimum under the population of the rulebook (dynamic programming): every other order asks
more, on average. A rulebook that tells too many kinds of people apart is asked in its own order. Nothing is ever asked that cannot change the outcome, or whose gate is not open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

from portal.triage.compiled import decider
from portal.triage.facts import CITIZEN, Value, values_of
from portal.triage.rulebook import Rulebook
from portal.triage.table import Cells

Axes = tuple[int, ...]  # positions of facts, in order
Known = tuple[int, ...]  # for each fact the cell that is known, or UNKNOWN
UNKNOWN = -1
MOST_EXACT = 20_000  # cells: beyond, the exact order takes too long to work out while somebody waits


def share_of_cells(cells: Cells, given: Mapping[str, Any]) -> tuple[float, ...]:
    """How people are spread over a fact's cells: `given` is {"low", "high"} for a number, or a weight for each answer."""
    if cells.fact.kind == "whole" and not set(given) - {"low", "high"}:
        values: Sequence[Value] = range(
            int(given.get("low", cells.fact.low)), int(given.get("high", cells.fact.high)) + 1
        )
        weights = [1.0] * len(values)
    else:
        values = values_of(cells.fact)
        weights = [
            float(given.get(str(value).lower(), 0 if cells.fact.kind == "whole" else 1)) for value in values
        ]
    shares = [0.0] * len(cells.examples)
    for value, weight in zip(values, weights, strict=True):
        shares[cells.mask_of(value).bit_length() - 1] += weight
    total = sum(shares)
    return tuple(share / total for share in shares)


@dataclass(frozen=True)
class Step:
    """A function of the facts at `axes`: `outcomes` holds one value for each combination of their cells, the last fact
    running fastest; and what is known of the facts that gates read."""

    axes: Axes
    outcomes: bytes
    known: Known


class Order:
    """The questions of one rulebook, about somebody who has not asked for a person."""

    def __init__(self, book: Rulebook, outcome_of_row: Mapping[str, int]) -> None:
        table = book.tables["route"]
        self.questions = book.questions
        self.facts = tuple(name for name in table.facts if name != "wants_person")
        gates = [question.asked_when for question in book.questions.values()]
        self.cells = [self._cut(name, [row.when for row in table.rows], gates) for name in self.facts]
        self.shares = [
            share_of_cells(cells, book.questions[name].weights if name in book.questions else {})
            for name, cells in zip(self.facts, self.cells, strict=True)
        ]
        self._size = [len(cells.examples) for cells in self.cells]
        self._gated = [self._gate(name) for name in self.facts]
        self._read_by_gates = sorted({axis for gate in self._gated for axis, _ in gate})
        self.exact = prod(self._size) <= MOST_EXACT
        decide = decider(table)
        ids = [outcome_of_row[row.id] for row in table.rows]
        everyone = [ids[place] for place in map(decide, self._everybody()) if place >= 0]
        self._start = Step(tuple(range(len(self.facts))), bytes(everyone), (UNKNOWN,) * len(self.facts))
        self._cost: dict[tuple[Step, frozenset[int]], float] = {}
        self._priced = lru_cache(maxsize=4_096)(self._prices)  # many people stand at the same step

    @staticmethod
    def _cut(
        name: str,
        whens: Sequence[Mapping[str, Mapping[str, Any]]],
        gates: Sequence[Mapping[str, Mapping[str, Any]]],
    ) -> Cells:
        return Cells.cut(CITIZEN[name], [when[name] for when in (*whens, *gates) if name in when])

    def _gate(self, name: str) -> list[tuple[int, int]]:
        """The facts a question's gate reads, each with the cells for which it is open."""
        question = self.questions.get(name)
        if question is None:
            return [(0, 0)]  # no question: never asked
        found = []
        for fact, condition in question.asked_when.items():
            if fact not in self.facts:
                return [(0, 0)]
            axis = self.facts.index(fact)
            found.append((axis, self.cells[axis].mask_where(condition)))
        return found

    def _everybody(self) -> Iterator[dict[str, Value]]:
        for values in product(*(cells.examples for cells in self.cells)):
            yield {"wants_person": False, **dict(zip(self.facts, values, strict=True))}

    # -------------------------------------------------------------- steps

    def at(self, known: Mapping[str, Value]) -> Step:
        """Where a walk stands."""
        step = self._start
        for axis, name in enumerate(self.facts):
            if name in known:
                step = self._answer(step, axis, self.cells[axis].mask_of(known[name]).bit_length() - 1)
        return step

    def _answer(self, step: Step, axis: int, cell: int) -> Step:
        """The step after that answer."""
        at = step.axes.index(axis)
        stride = 1
        for later in step.axes[at + 1 :]:
            stride *= self._size[later]
        block = stride * self._size[axis]
        taken = b"".join(
            step.outcomes[i + cell * stride : i + (cell + 1) * stride]
            for i in range(0, len(step.outcomes), block)
        )
        known = step.known
        if axis in self._read_by_gates:
            known = (*known[:axis], cell, *known[axis + 1 :])
        return Step((*step.axes[:at], *step.axes[at + 1 :]), taken, known)

    def choices(self, step: Step, declined: frozenset[int] = frozenset()) -> dict[int, list[Step]]:
        """The questions that can still change the outcome and may be asked now: for each the step after every answer."""
        if step.outcomes.count(step.outcomes[0]) == len(step.outcomes):
            return {}
        found = {}
        for axis in step.axes:
            if axis not in declined and self._open(axis, step.known):
                after = [self._answer(step, axis, cell) for cell in range(self._size[axis])]
                if any(one.outcomes != after[0].outcomes for one in after):
                    found[axis] = after
        return found

    def _open(self, axis: int, known: Known) -> bool:
        return all(known[fact] != UNKNOWN and mask >> known[fact] & 1 for fact, mask in self._gated[axis])

    # -------------------------------------------------------------- the optimum

    def best_first(self, known: Mapping[str, Value], declined: Collection[str] = ()) -> list[str]:
        """What may be asked now, by how many more questions it leaves on average, fewest first."""
        return [name for name, _ in self.costs(known, declined)]

    def costs(self, known: Mapping[str, Value], declined: Collection[str] = ()) -> list[tuple[str, float]]:
        """What may be asked now, with the number of questions there will be on average if it is asked next."""
        left = frozenset(
            self.facts.index(name) for name in declined if name in self.facts and name not in known
        )
        return [(self.facts[axis], cost) for cost, axis in self._priced(self.at(known), left)]

    def _prices(self, step: Step, declined: frozenset[int]) -> list[tuple[float, int]]:
        choices = self.choices(step, declined).items()
        if not self.exact:
            return [(float(place), axis) for place, (axis, _) in enumerate(choices)]
        return sorted((round(self._price(axis, after, declined), 9), axis) for axis, after in choices)

    def expected(self, known: Mapping[str, Value] | None = None) -> float:
        """How many questions there will be on average."""
        return self._least(self.at(known or {}), frozenset())

    def _price(self, axis: int, after: Sequence[Step], declined: frozenset[int]) -> float:
        shares = self.shares[axis]
        return 1 + sum(
            share * self._least(step, declined) for share, step in zip(shares, after, strict=True) if share
        )

    def _least(self, step: Step, declined: frozenset[int]) -> float:
        step = self._plain(step)
        declined = declined & frozenset(step.axes)
        cost = self._cost.get((step, declined))
        if cost is None:
            choices = self.choices(step, declined)
            cost = min((self._price(axis, after, declined) for axis, after in choices.items()), default=0.0)
            self._cost[step, declined] = cost
        return cost

    def _plain(self, step: Step) -> Step:
        """The same step without the facts that no longer matter, so that it is worked out once."""
        for axis in step.axes:
            after = [self._answer(step, axis, cell) for cell in range(self._size[axis])]
            if all(one.outcomes == after[0].outcomes for one in after):
                bare = Step(after[0].axes, after[0].outcomes, step.known)
                return self._plain(bare)
        gates = {fact for axis in step.axes for fact, _ in self._gated[axis]}
        known = tuple(cell if axis in gates else UNKNOWN for axis, cell in enumerate(step.known))
        return Step(step.axes, step.outcomes, known)
