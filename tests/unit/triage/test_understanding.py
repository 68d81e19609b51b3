"""Free text: understood where it is certain, left alone where it is not, and never kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from portal.cli import main
from portal.domain.errors import InvalidError
from portal.triage.facts import CITIZEN
from portal.triage.understanding import understand, work
from portal.triage.understanding.phrases import listed
from tests.unit.triage.utterances.score import HERE, TUNING, UNREAD, read, score

DAY = date(2026, 11, 25)


def test_the_tuned_half_is_understood() -> None:
    found = score(read(TUNING))
    assert found.precision >= 0.965, found.lines()
    assert found.recall >= 0.93, found.lines()
    assert found.left_alone / found.unclear >= 0.95
    assert found.first / found.titles >= 0.95
    assert found.persons_wrong <= 4


@pytest.mark.parametrize(("name", "first", "five"), [("queries_tuned", 0.92, 0.97), ("queries", 0.92, 0.95)])
def test_job_titles_lead_to_their_occupation(name: str, first: float, five: float) -> None:
    cases = read(HERE / f"{name}.jsonl")
    found = [[one.code for one in work.our_titles().best(case["text"])] for case in cases]
    right = [codes[:1] != [] and codes[0] in case["codes"] for codes, case in zip(found, cases, strict=True)]
    among = [bool(set(codes) & set(case["codes"])) for codes, case in zip(found, cases, strict=True)]
    assert sum(right) / len(cases) >= first
    assert sum(among) / len(cases) >= five


@pytest.mark.parametrize(
    ("file", "precision", "recall", "alone", "first"),
    [
        (UNREAD[0], 0.95, 0.88, 0.93, 0.87),
        (UNREAD[1], 0.97, 0.94, 0.95, 0.92),
        (UNREAD[2], 0.95, 0.91, 0.95, 0.95),
        (UNREAD[3], 0.975, 0.92, 0.97, 0.90),
        (UNREAD[4], 0.965, 0.93, 0.95, 0.95),
    ],
    ids=[file.stem for file in UNREAD],
)
def test_what_nobody_has_read_is_understood_as_the_readme_says(
    file: Path, precision: float, recall: float, alone: float, first: float
) -> None:
    found = score(read(file))
    assert found.precision >= precision, found.lines()
    assert found.recall >= recall, found.lines()
    assert found.left_alone / found.unclear >= alone
    assert found.first / found.titles >= first
    assert found.among_five / found.titles >= 0.95


@pytest.mark.parametrize("file", [TUNING, *UNREAD], ids=lambda file: file.stem)
def test_labels_are_values_there_are(file: Path) -> None:
    cases = read(file)
    assert len(cases) >= 200
    for case in cases:
        assert case["question"] in {*CITIZEN, "occupation", "open"}
        for name, value in case["facts"].items():
            assert CITIZEN[name].parse(value) == value
        assert case["occupation"] is None or case["occupation"] in work.occupations()
        assert not (case["unclear"] and case["facts"])


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("er blevet fyret fra Danish Crown, ryggen er smadret, har ingen udd", {"education": "basic"}),
        ("Jeg er 34 og får dagpenge, ikke kontanthjælp", {"age": 34, "benefit": "dagpenge"}),
        ("min mand er 50 og på førtidspension", {}),
        ("hvis jeg kom på kontanthjælp", {}),
        ("på sygedagpenge fra mit job", {"benefit": "sygedagpenge", "employed": True}),
        ("midt i trediverne, på sho", {"age": 35, "benefit": "kontanthjaelp"}),
    ],
)
def test_what_a_first_message_says(text: str, facts: dict[str, Any]) -> None:
    found = dict(understand("open", text, "da", DAY).facts)
    assert {name: value for name, value in found.items() if name in facts or not facts} == facts


@pytest.mark.parametrize(
    ("text", "kind"),
    [("jeg vil ikke leve mere", "danger"), ("I want to die", "danger"), ("min kæreste slår mig", "violence"),
     ("jeg orker ikke mere", "despair"), ("fucking lortesystem", "anger"), ("jeg er tømrer", None)],
)  # fmt: skip
def test_despair_and_danger_are_met_whatever_the_question(text: str, kind: str | None) -> None:
    for question in ("open", "age", "benefit", "occupation"):
        found = understand(question, text, "da", DAY)
        assert found.care == kind
        assert kind is None or not found.facts


def test_no_phrase_of_work_stands_under_two_codes() -> None:
    seen: dict[str, str] = {}
    for code, names in listed("occupations").items():
        assert names["da"]
        assert names["en"]
        for phrase in (*names["da"], *names["en"]):
            assert seen.setdefault(phrase.lower(), code) == code, phrase


def test_another_question_is_refused() -> None:
    with pytest.raises(InvalidError):
        understand("postcode", "8600", "da", DAY)


def test_the_command_answers_line_by_line() -> None:
    lines = [
        {"question": "occupation", "lang": "da", "text": "kører lasbil"},
        {
            "question": "open",
            "lang": "en",
            "text": "I'm 32, not in any a-kasse so no benefits. Can I talk to someone?",
        },
        {"question": "postcode", "lang": "da", "text": "x"},
        {"question": "age", "lang": "da", "text": "asdf"},
    ]
    result = CliRunner().invoke(
        main,
        ["triage", "understand", "--on", "2026-11-25"],
        input="\n".join(json.dumps(line) for line in lines),
    )
    first, second, third, last = (json.loads(line) for line in result.output.splitlines())
    assert first["occupation"] == {"code": "8332", "label": "Lastbilchauffør"}
    assert first["sure"] is True
    assert set(first) == {"facts", "occupation", "candidates", "wants_person", "sure"}
    assert second["facts"] == {"age": 32, "benefit": "none"}
    assert second["wants_person"] is True
    assert third["error"]["code"] == "question.unknown"
    assert last["facts"] == {}
    assert last["sure"] is False
    assert result.exit_code == 1
