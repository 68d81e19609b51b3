"""Explanations against brute force: near rows, smallest changes, and what each reader is told."""

from __future__ import annotations

import itertools
import random
from datetime import date
from typing import Any

import pytest

from portal.triage import reasons
from portal.triage.conditions import PlacementFacts, judge
from portal.triage.dialogue import outcome_of, standing
from portal.triage.explanation import AUDITOR, CASEWORKER, CITIZEN, Explainer, told, told_of_others
from portal.triage.facts import CITIZEN as FACTS
from portal.triage.facts import values_of
from portal.triage.shelf import rulebook_on
from portal.triage.workdays import ClosedDays
from tests.unit.triage import oracle

BOOK = rulebook_on(date(2026, 11, 25), "990")
TABLE = BOOK.tables["route"]
EXPLAINER = Explainer(TABLE, lambda row: outcome_of(BOOK, row).route, never=("wants_person",))


def _people(seed: int, count: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [
        {**{name: rng.choice(values_of(FACTS[name])) for name in TABLE.facts}, "wants_person": False}
        for _ in range(count)
    ]


def _route(person: dict[str, Any]) -> str:
    row = next(
        row
        for row in TABLE.rows
        if all(oracle.holds(condition, person[fact]) for fact, condition in row.when.items())
    )
    return str(row.then["route"])


@pytest.mark.parametrize(
    "person", _people(3, 40), ids=lambda person: str(sorted(person.values(), key=str))[:60]
)
def test_the_smallest_change_is_the_smallest_there_is(person: dict[str, Any]) -> None:
    """Every change of one fact, and of two, is tried; what is claimed leads there, and nothing smaller does."""
    mine = _route(person)
    reached: dict[str, int] = {}
    facts = [name for name in TABLE.facts if name != "wants_person"]
    for size in (1, 2):
        for names in itertools.combinations(facts, size):
            cells = [TABLE.cells[TABLE.facts.index(name)].examples for name in names]
            for values in itertools.product(*cells):
                route = _route({**person, **dict(zip(names, values, strict=True))})
                if route != mine:
                    reached.setdefault(route, size)
    found = EXPLAINER.explain(person)
    assert [row.id for row in found.rows] == [TABLE.first(person).id]
    claimed = {str(one.row.then["route"]): one for one in found.elsewhere}
    for route, size in reached.items():
        assert len(claimed[route].change) == size, route
    for route, one in claimed.items():
        assert _route({**person, **dict(one.change)}) == route
        assert all(person[name] != value for name, value in one.change)


def test_a_number_is_changed_as_little_as_it_can_be() -> None:
    person = {"wants_person": False, "age": 34, "benefit": "dagpenge", "education": "basic", "industry_outlook": "good",
              "readiness": "now", "health": "none", "social_barriers": 0, "weeks_unemployed": 3, "employed": False,
              "sickness_cause_clear": False, "expected_weeks_sick": 0}  # fmt: skip
    changes = [dict(one.change) for one in EXPLAINER.explain(person).elsewhere]
    assert {"age": 29} in changes


def test_near_rows_failed_on_that_one_condition_alone() -> None:
    seen = 0
    for person in _people(5, 300):
        for near in EXPLAINER.explain(person).near:
            failed = [
                name for name, condition in near.row.when.items() if not oracle.holds(condition, person[name])
            ]
            assert failed == [near.fact]
            seen += 1
    assert seen > 100


def test_what_is_settled_early_is_explained_by_what_is_known() -> None:
    known = {"benefit": "dagpenge", "health": "severe"}
    where = standing(BOOK, known)
    stored = reasons.of_way(BOOK, known, where)
    assert {row["rule"] for row in stored["rows"]} == {row.id for row in where.rows}
    assert {one["fact"] for one in stored["read"]} <= set(known)
    for one in stored["elsewhere"]:
        changed = standing(BOOK, {**known, **one["change"]})
        assert changed.settled
        assert one["rule"] in {row.id for row in changed.rows}


def test_the_citizen_reads_no_office_words_the_caseworker_ids_the_auditor_everything() -> None:
    known = _people(9, 1)[0]
    stored = reasons.of_way(BOOK, known, standing(BOOK, known))
    for lang in ("da", "en"):
        citizen, caseworker, auditor = (
            " ".join(told(stored, reader, lang)) for reader in (CITIZEN, CASEWORKER, AUDITOR)
        )
        assert "route." not in citizen
        assert BOOK.hash[:12] not in citizen
        assert "{" not in citizen + caseworker + auditor
        assert stored["rows"][0]["rule"] in caseworker
        assert f"({BOOK.hash[:12]})" in caseworker
        assert BOOK.hash in auditor
        assert all(f"{one['fact']} = {one['value']}" in auditor for one in stored["read"])
        assert len(auditor) > len(caseworker) > len(citizen)


def test_a_walk_that_could_not_be_settled_says_only_that() -> None:
    declined: list[str] = []
    while not (where := standing(BOOK, {}, declined)).settled:
        declined.append(where.ask[0])
    stored = reasons.of_way(BOOK, {}, where)
    assert [row["rule"] for row in stored["rows"]] == ["route.unclear"]
    assert told_of_others(stored, CITIZEN, "da") == []


def _judged(candidate: dict[str, Any] | None) -> Any:
    raw = {"scheme": "placement", "sector": "private", "positions": 1, "weekly_hours": 37, "start": "2026-12-14", "weeks": 5,
           "ordinary_fte": 20, "supported_fte": 0, "vacated_months_ago": None, "representative": "pending",
           "candidate": candidate}  # fmt: skip
    return judge(BOOK, PlacementFacts.parse(raw, "990"), date(2026, 11, 25), ClosedDays())


def test_a_condition_says_the_smallest_change_that_would_have_met_it() -> None:
    stored = reasons.of_conditions(
        BOOK, _judged({"target_group": 1, "weeks_unemployed": 10, "age": 30, "recent_graduate": False})
    )
    said = " ".join(told_of_others(stored["placement.duration"], CITIZEN, "da"))
    assert "længde: 4 uger”, havde det været: opfyldt" in said


def test_the_company_s_own_explanation_names_nothing_of_a_candidate() -> None:
    stored = reasons.of_conditions(BOOK, _judged(None))
    own = {
        "scheme",
        "sector",
        "positions",
        "weekly_hours",
        "weeks",
        "vacated_months_ago",
        "representative",
        "vacated",
    }
    for one in stored.values():
        named = {read["fact"] for read in one["read"]} | {near["fact"] for near in one["near"]}
        named |= {fact for other in one["elsewhere"] for fact in other["change"]}
        assert named <= own | {"ratio_room", "ratio_largest", "start_margin_days", "fte_growth"}, named


def test_a_desk_says_why_and_which_desk_was_near() -> None:
    stored = reasons.of_desk(BOOK, _judged({"target_group": 6, "municipality": "990"}))
    assert [row["rule"] for row in stored["rows"]] == ["desk.retention"]
    said = told(stored, CASEWORKER, "da")
    assert said[0] == "Kandidaten er sygemeldt, så sagen handler om fastholdelse."
    assert any("målgruppe: 5”, havde det været" in sentence for sentence in said), said
