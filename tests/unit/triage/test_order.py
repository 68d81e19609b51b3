"""The order of questions against every order there is: nothing asks fewer, and nothing is asked that cannot matter."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from portal.triage.dialogue import order_of, outcome_of, standing
from portal.triage.facts import CITIZEN
from portal.triage.order import Order
from portal.triage.rulebook import Question, Rulebook
from portal.triage.shelf import rulebook_on
from portal.triage.table import Row, Table, holds
from tests.unit.triage import oracle

BOOK = rulebook_on(date(2026, 11, 25))
SMALL = {"health": ("none", "some", "severe"), "readiness": ("now", "with_support", "not_now"),
         "education": oracle.CHOICES["education"].split(), "employed": (False, True), "wants_person": (False,)}  # fmt: skip


class Small:
    """A rulebook of a few rows over a few facts, at random, with gates and weights."""

    def __init__(self, number: int) -> None:
        rng = random.Random(number)
        rows = []
        for each in range(rng.randint(1, 5)):
            when = {
                fact: {"one_of": rng.sample(list(SMALL[fact]), rng.randint(1, len(SMALL[fact]) - 1))}
                for fact in rng.sample([one for one in SMALL if one != "wants_person"], rng.randint(1, 3))
            }
            rows.append(Row(f"r{each}", when, {}))
        self.rows = [*rows, Row("rest", {}, {})]
        self.outcomes = {row.id: rng.randint(0, 2) for row in self.rows}
        self.weights = {
            fact: {str(value).lower(): rng.randint(1, 9) for value in values}
            for fact, values in SMALL.items()
        }
        gate = {"health": {"equal": rng.choice(SMALL["health"])}} if rng.random() < 0.6 else {}
        self.gates: dict[str, Mapping[str, Any]] = {"employed": gate}
        self.tables = {"route": Table(self.rows, CITIZEN)}
        self.questions = {
            fact: Question(fact, self.gates.get(fact, {}), {}, {}, self.weights[fact], fact, False, False)
            for fact in SMALL
            if fact != "wants_person"
        }
        self.facts = [fact for fact in self.tables["route"].facts if fact != "wants_person"]

    def outcomes_from(self, known: Mapping[str, Any]) -> set[int]:
        people: list[dict[str, Any]] = [dict(known)]
        for fact in self.facts:
            if fact not in known:
                people = [{**one, fact: value} for one in people for value in SMALL[fact]]
        return {self._outcome(one) for one in people}

    def _outcome(self, person: Mapping[str, Any]) -> int:
        row = next(
            row
            for row in self.rows
            if all(holds(condition, person[fact]) for fact, condition in row.when.items())
        )
        return self.outcomes[row.id]

    def matters(self, fact: str, known: Mapping[str, Any]) -> bool:
        """Whether, for somebody, another answer to this alone leads elsewhere."""
        people: list[dict[str, Any]] = [dict(known)]
        for other in self.facts:
            if other not in known and other != fact:
                people = [{**one, other: value} for one in people for value in SMALL[other]]
        return any(len({self._outcome({**one, fact: value}) for value in SMALL[fact]}) > 1 for one in people)

    def may_ask(self, known: Mapping[str, Any], declined: frozenset[str]) -> list[str]:
        if len(self.outcomes_from(known)) == 1:
            return []
        return [
            fact
            for fact in self.facts
            if fact not in known
            and fact not in declined
            and all(one in known and holds(c, known[one]) for one, c in self.gates.get(fact, {}).items())
            and self.matters(fact, known)
        ]

    def fewest(self, known: Mapping[str, Any], declined: frozenset[str] = frozenset()) -> float:
        return min((self.price(fact, known, declined) for fact in self.may_ask(known, declined)), default=0.0)

    def price(self, fact: str, known: Mapping[str, Any], declined: frozenset[str]) -> float:
        weights = self.weights[fact]
        total = sum(weights.values())
        return 1 + sum(
            weights[str(value).lower()] / total * self.fewest({**known, fact: value}, declined)
            for value in SMALL[fact]
        )


@pytest.mark.parametrize("number", range(60))
def test_no_order_asks_fewer(number: int) -> None:
    small = Small(number)
    order = Order(small, small.outcomes)  # type: ignore[arg-type]
    assert order.expected() == pytest.approx(small.fewest({}))
    rng = random.Random(number)
    for _ in range(5):
        known = {fact: rng.choice(list(SMALL[fact])) for fact in small.facts if rng.random() < 0.4}
        declined = frozenset(fact for fact in small.facts if fact not in known and rng.random() < 0.3)
        costs = dict(order.costs(known, declined))
        assert set(costs) == set(small.may_ask(known, declined))
        for fact, cost in costs.items():
            assert cost == pytest.approx(small.price(fact, known, declined), abs=1e-8)
        assert list(costs.values()) == sorted(costs.values())


def _walk(book: Rulebook, person: Mapping[str, Any]) -> int:
    known: dict[str, Any] = {}
    while not (where := standing(book, known)).settled:
        known[where.ask[0]] = person[where.ask[0]]
    row = book.tables["route"].first({"wants_person": False, **person})
    assert row is not None
    assert where.outcome == outcome_of(book, row)
    return len(known)


def test_the_mean_over_many_people_is_what_was_promised() -> None:
    """People drawn from the rulebook's own population answer the questions as they come."""
    rng = random.Random(7)
    asked = []
    for _ in range(3_000):
        person: dict[str, Any] = {}
        for name, fact in CITIZEN.items():
            given = BOOK.questions[name].weights if name in BOOK.questions else {}
            if fact.kind == "whole" and "0" not in given:
                person[name] = rng.randint(given.get("low", fact.low), given.get("high", fact.high))
            else:
                values = {"flag": (False, True), "whole": range(fact.low, fact.high + 1)}.get(
                    fact.kind, fact.values
                )
                person[name] = rng.choices(values, [given.get(str(value).lower(), 1) for value in values])[0]
        asked.append(_walk(BOOK, {**person, "wants_person": False}))
    assert sum(asked) / len(asked) == pytest.approx(order_of(BOOK).expected(), abs=0.08)


def test_equal_rules_share_one_order_whatever_the_day() -> None:
    assert order_of(BOOK) is order_of(rulebook_on(date(2026, 11, 26), "851"))
    assert order_of(BOOK) is not order_of(rulebook_on(date(2026, 11, 25), "990"))
