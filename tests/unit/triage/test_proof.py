"""Faults put into the rulebook on purpose: each must be found, the original must be clean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.cli import main
from portal.triage.rulebook import FOLDER

ORIGINAL = (FOLDER / "national" / "2025-07-01.toml").read_text(encoding="utf-8")
LAST_ROW = '[[route]]\nid = "route.self_directed"\n'

FAULTS = {
    "gap": (LAST_ROW, LAST_ROW + "when.age.at_least = 18\n"),
    "unreachable": (
        'id = "route.holistic.social"\nwhen.social_barriers.at_least = 2',
        'id = "route.holistic.social"\nwhen.health.equal = "severe"',
    ),
    "unknown_fact": ("when.social_barriers.at_least = 2", 'when.sex.equal = "f"'),
    "unknown_value": ('when.readiness.equal = "not_now"', 'when.readiness.equal = "never"'),
    "unknown_figure": ('when.age.less_than = "@youth.age"', 'when.age.less_than = "@youth.agee"'),
    "missing_text": ('why.en = "You would like to talk to a person. You always can."\n', ""),
    "rail.person": (
        '[[route]]\nid = "route.person"\nwhen.wants_person.equal = true',
        '[[route]]\nid = "route.person"\nwhen.wants_person.equal = false',
    ),
    "rail.guarantee": ('name = "guarantee.days"\nvalue = 10', 'name = "guarantee.days"\nvalue = 11'),
    "rail.contact": ('name = "contact.days_close"\nvalue = 30', 'name = "contact.days_close"\nvalue = 92'),
    "rail.effect": (
        'then.route = "talk_to_a_person"\nlaw',
        'then.route = "talk_to_a_person"\nthen.benefit = "none"\nlaw',
    ),
    "rail.confidence": ('confidence = "policy"', 'confidence = "surely"'),
    "missing_row": ('id = "route.self_directed"', 'id = "route.on_your_own"'),
    "missing": ('then.team = "jobteam"\n', ""),
    "rail.complaint": ("[complaint]\n", "[guidance]\n"),
    "syntax": ("when.social_barriers.at_least = 2", "when.social_barriers.more_than = 2"),
}


def _check(folder: Path) -> tuple[int, list[dict]]:
    result = CliRunner().invoke(main, ["rules", "check", str(folder), "--json", "--on", "2026-11-23"])
    return result.exit_code, [json.loads(line) for line in result.output.splitlines()]


def test_the_built_in_rulebooks_are_clean() -> None:
    assert _check(FOLDER / "national") == (0, [])


@pytest.mark.parametrize("kind", FAULTS)
def test_a_seeded_fault_is_found(kind: str, tmp_path: Path) -> None:
    before, after = FAULTS[kind]
    assert ORIGINAL.count(before) >= 1
    (tmp_path / "draft.toml").write_text(ORIGINAL.replace(before, after, 1), encoding="utf-8")
    code, faults = _check(tmp_path)
    assert code == 1
    found = [fault for fault in faults if fault["kind"] == kind]
    assert found, faults
    assert found[0]["file"] == "draft.toml"
    assert found[0]["table"]
    assert found[0]["message"]
    if kind in ("gap", "unreachable", "rail.guarantee", "rail.person"):
        assert found[0]["person"]


def test_all_faults_are_collected_not_the_first(tmp_path: Path) -> None:
    text = ORIGINAL
    for kind in ("unknown_fact", "missing_text", "unknown_value"):
        text = text.replace(*FAULTS[kind], 1)
    (tmp_path / "draft.toml").write_text(text, encoding="utf-8")
    kinds = {fault["kind"] for fault in _check(tmp_path)[1]}
    assert {"unknown_fact", "missing_text", "unknown_value"} <= kinds


@pytest.mark.parametrize(
    "change",
    [
        ("{sick.short_weeks}", "{sick.shortweeks}"),
        ("value = 10\n", 'value = "x"\n'),
        ("value = 10\n", "value = -1\n"),
        ('text.da = "Hvor gammel er du?"\ntext.en = "How old are you?"', 'text = "Hvor"'),
        ("valid_from = 2025-07-01 #", 'valid_from = "2025-07-01" #'),
        ('[[way]]\nroute = "holistic_course"', '[[way]]\nroute = "somewhere"'),
    ],
)
def test_odd_mistakes_are_told_and_never_break_the_check(change: tuple[str, str], tmp_path: Path) -> None:
    assert change[0] in ORIGINAL
    (tmp_path / "draft.toml").write_text(ORIGINAL.replace(*change, 1), encoding="utf-8")
    code, faults = _check(tmp_path)
    assert code == 1
    assert all(fault["message"] for fault in faults)


@pytest.mark.parametrize(
    "content", [b"", b"not toml [", b"\xff\xfe", b"id = 'x'\nversion = '1'\nvalid_from = 2026-01-01\n"]
)
def test_a_file_that_is_no_rulebook_is_told_so(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_bytes(content)
    code, faults = _check(tmp_path)
    assert code == 1
    assert faults


def test_a_shorter_promise_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_text(
        ORIGINAL.replace('name = "guarantee.days"\nvalue = 10', 'name = "guarantee.days"\nvalue = 8'),
        encoding="utf-8",
    )
    assert _check(tmp_path)[0] == 0
