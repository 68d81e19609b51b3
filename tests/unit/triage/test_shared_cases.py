"""The example cases, through the command line: one JSON object a line in, one a line out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from portal.cli import main

CASES = Path(__file__).parent / "cases"


def _cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def _answers(command: list[str], cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines = "\n".join(json.dumps(case) for case in cases)
    result = CliRunner().invoke(main, command, input=lines)
    assert result.exit_code == 0, result.output[-500:]
    return [json.loads(line) for line in result.output.splitlines()]


def test_citizens_get_the_route_team_and_interval_expected() -> None:
    cases = _cases("citizen_examples")
    for case, answer in zip(cases, _answers(["triage", "outcome"], cases), strict=True):
        found = {**answer["outcome"], "rule": answer["rules"][0]}
        assert {key: found[key] for key in case["expect"]} == case["expect"], case


def test_partial_facts_leave_open_just_what_they_should() -> None:
    cases = _cases("partial_examples")
    for case, answer in zip(cases, _answers(["triage", "outcome"], cases), strict=True):
        assert answer["settled"] == case["settled"], case
        assert answer["rules"] == case["possible_rules"], case
        outcomes = [answer["outcome"]] if answer["settled"] else answer["possible"]
        said = sorted(f"{one['route']}/{one['track'] or '-'}" for one in outcomes)
        assert said == sorted(case["possible_outcomes"]), case
        assert set(answer.get("ask", [])) <= set(case["may_ask"]), case


def test_promises_fall_due_on_the_day_expected() -> None:
    cases = _cases("guarantee_examples")
    for case, answer in zip(cases, _answers(["guarantee"], cases), strict=True):
        assert {key: answer[key] for key in case["expect"]} == case["expect"], case


def test_companies_conditions_figures_and_desk_are_as_expected() -> None:
    cases = _cases("employer_examples")
    for case, answer in zip(cases, _answers(["employer", "check"], cases), strict=True):
        wanted = case["expect"]
        assert {name: one["result"] for name, one in answer["conditions"].items()} == wanted["conditions"], (
            case
        )
        assert {key: answer["desk"][key] for key in wanted["desk"]} == wanted["desk"], case
        ratio = answer["conditions"].get("ratio", {}).get("figures", {})
        found = {
            "earliest_start": answer["earliest_start"],
            "ratio_limit": ratio.get("limit"),
            "ratio_asked": ratio.get("asked"),
            "largest_positions": ratio.get("largest_positions"),
        }
        assert {key: found[key] for key in wanted["figures"]} == wanted["figures"], case


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[1]",
        '{"facts": {"age": 14}}',
        '{"facts": {"sex": "f"}}',
        '{"facts": {"age": true}}',
        "{}",
        '{"facts": {}, "declined": ["sex"]}',
        '{"facts": {}, "declined": [[]]}',
        '{"facts": {"\\ud800": 1}}',
        '{"facts": {"age": ' + "9" * 5000 + "}}",
        '{"facts": {}, "today": "never"}',
        "",
        "[" * 5000,
    ],
)
def test_a_bad_line_is_answered_in_its_place_and_the_command_goes_on(line: str) -> None:
    good = '{"facts": {"wants_person": true}}'
    result = CliRunner().invoke(main, ["triage", "outcome"], input=f"{line}\n{good}\n")
    answers = [json.loads(each) for each in result.output.splitlines()]
    assert result.exit_code == 1
    assert set(answers[0]) == {"error"}
    assert set(answers[0]["error"]) == {"code", "message"}
    assert answers[1]["outcome"]["route"] == "talk_to_a_person"


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("guarantee", '{"asked_at": "2026-01-01T10:00:00"}'),
        ("guarantee", '{"asked_at": 3}'),
        ("guarantee", '{"asked_at": "2026-01-01T10:00:00+00:00", "benefit": "su"}'),
        ("check", '{"request": {"scheme": "x"}}'),
        ("check", '{"request": {"scheme": "placement", "positions": 0}}'),
        ("check", '{"request": {"scheme": "placement", "start": "31-12"}}'),
        ("check", '{"request": {"scheme": "placement", "candidate": []}}'),
        ("check", '{"request": {}}'),
    ],
)
def test_other_commands_answer_bad_lines_too(command: str, line: str) -> None:
    result = CliRunner().invoke(main, ["employer", "check"] if command == "check" else [command], input=line)
    assert result.exit_code == 1
    assert "error" in json.loads(result.output)
