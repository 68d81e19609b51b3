"""Our own cases as data: every rule id and both sides of every boundary. A lawyer may add one to the TOML files."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portal.triage.conditions import PlacementFacts, judge
from portal.triage.dialogue import standing
from portal.triage.facts import CITIZEN, parse_facts
from portal.triage.rulebook import TABLES
from portal.triage.shelf import rulebook_on
from portal.triage.workdays import ClosedDays

HERE = Path(__file__).parent / "cases"
DAY = date(2026, 11, 23)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"), parse_float=Decimal)


ROUTES, CONDITIONS, AFTER = _read("routes.toml"), _read("conditions.toml"), _read("after.toml")
EVERY_ROW_COUNTS = ("talks", "offer")


@pytest.mark.parametrize("case", ROUTES["case"], ids=lambda case: f"{case['rule']} {case['facts']}")
def test_the_rule_that_decides(case: dict[str, Any]) -> None:
    where = standing(rulebook_on(DAY), parse_facts(CITIZEN, ROUTES["person"] | case["facts"]))
    assert where.settled
    assert [row.id for row in where.rows] == [case["rule"]]


def test_every_rule_id_has_a_case() -> None:
    ids = {row.id for row in rulebook_on(DAY).tables["route"].rows}
    assert ids == {case["rule"] for case in ROUTES["case"]}
    decided = {row for case in CONDITIONS["case"] for row in _deciding(case)}
    assert decided == {row.id for one in rulebook_on(DAY).conditions for row in one.table.rows}
    assert {row.id for row in rulebook_on(DAY).tables["desk"].rows} == {
        case["id"] for case in CONDITIONS["desk"]
    }


@pytest.mark.parametrize("case", AFTER["case"], ids=lambda case: f"{case['table']} {case['facts']}")
def test_the_rows_that_follow(case: dict[str, Any]) -> None:
    table = rulebook_on(case.get("day", DAY)).tables[case["table"]]
    found = [row.id for row in table.rows if row.matches(case["facts"])]
    assert case["rows"] == (found if case["table"] in EVERY_ROW_COUNTS else found[:1])


def test_every_row_that_follows_has_a_case() -> None:
    days = {DAY, *(case["day"] for case in AFTER["case"] if "day" in case)}
    tables = {case["table"] for case in AFTER["case"]}
    ids = {row.id for day in days for name in tables for row in rulebook_on(day).tables[name].rows}
    assert ids == {row for case in AFTER["case"] for row in case["rows"]}
    assert {*tables, "route", "desk"} == set(TABLES)


def _judged(case: dict[str, Any]) -> Any:
    candidate = case.get("candidate", {})
    raw: dict[str, Any] = {"vacated_months_ago": None, **CONDITIONS["request"], **case.get("request", {})}
    raw["candidate"] = None if candidate is False else CONDITIONS["candidate"] | candidate
    return judge(rulebook_on(DAY), PlacementFacts.parse(raw, "740"), CONDITIONS["today"], ClosedDays())


def _deciding(case: dict[str, Any]) -> list[str]:
    """The row that decides the case, where one does."""
    condition = next(one for one in rulebook_on(DAY).conditions if one.id == case["condition"])
    judged = _judged(case)
    table = condition.table if judged.with_candidate else condition.without_exemptions
    rows = [row.id for row in table.possible(judged.known)]
    return rows if len(rows) == 1 else []


@pytest.mark.parametrize(
    "case",
    CONDITIONS["case"],
    ids=lambda case: f"{case['condition']} {case['result']} {case.get('request')} {case.get('candidate')}",
)
def test_the_condition_answers(case: dict[str, Any]) -> None:
    found = _judged(case).conditions[case["condition"]]
    assert found.result == case["result"]
    assert found.why["da"]
    assert found.why["en"]
    assert found.law
    assert "{" not in found.why["da"] + found.why["en"]
    if "missing" in case:
        assert set(case["missing"]) <= set(found.missing)


@pytest.mark.parametrize("case", CONDITIONS["desk"], ids=lambda case: str(case))
def test_the_desk_takes_it(case: dict[str, Any]) -> None:
    desk = _judged(case).desk
    assert desk.id == case["id"]
    assert desk.forward_to == case.get("forward_to")


def test_a_figure_whose_time_has_ended_goes_on_applying_as_unverified() -> None:
    before, after = rulebook_on(date(2026, 6, 30)), rulebook_on(date(2026, 7, 1))
    name = "guarantee.days_first_kontanthjaelp"
    assert (before.figures[name].value, before.figures[name].confidence) == (7, "verified")
    assert (after.figures[name].value, after.figures[name].confidence) == (7, "unverified")


def test_the_company_is_shown_nothing_that_rests_on_the_candidate() -> None:
    """For every candidate there can be, what is judged without one is the same."""
    raw = {"vacated_months_ago": None, **CONDITIONS["request"]}
    shown = judge(
        rulebook_on(DAY), PlacementFacts.parse({**raw, "candidate": None}, "740"), DAY, ClosedDays()
    )
    about = {name for name, one in shown.conditions.items() if one.result == "not_judged"}
    assert about == {"placement.duration", "same_employer", "partner"}
    assert shown.desk.id == "desk.company"
