"""The rule commands as their user meets them: what they print, the picture they draw, and what they refuse."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from portal.cli import main
from portal.triage.shelf import rulebook_on
from portal.triage.source import municipalities

ON = ["--on", "2026-11-25"]
DAY = date(2026, 11, 25)
OLD, NEW, HOME, MADE_UP = "2025-07-01", "2026-11-25", "740", "990"


def _run(*command: str) -> Result:
    return CliRunner().invoke(main, ["rules", *command])


def _lines(*command: str) -> list[dict[str, Any]]:
    result = _run(*command)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("code", ["", MADE_UP])
def test_the_drawn_page_has_every_row_with_its_law(code: str, lang: str) -> None:
    page = _run("draw", *ON, "--lang", lang, "--municipality", code).output
    for name, row in rulebook_on(DAY, code).rows():
        assert row.id in page, (name, row.id)
        assert row.law in page, (name, row.id)
    assert "```mermaid\nflowchart" in page


def test_the_same_law_moves_nobody_and_another_municipality_s_does(tmp_path: Path) -> None:
    (same,) = _lines("compare", OLD, NEW, "--json", "--people", "5000", *ON)
    assert (same["moved"], same["moves"], same["before"]) == (0, [], same["after"])
    picture = tmp_path / "loads.svg"
    (other,) = _lines("compare", HOME, MADE_UP, "--json", "--people", "5000", "--svg", str(picture), *ON)
    assert other["moved"] == sum(move["people"] for move in other["moves"]) > 0
    for load in (other["before"], other["after"]):
        assert sum(load.values()) == other["people"] == 5000
    drawn = etree.fromstring(picture.read_bytes())
    assert etree.QName(drawn).localname == "svg"
    said = "".join(drawn.itertext())
    assert all(str(number) in said for number in (*other["before"].values(), *other["after"].values()))


def test_a_comparison_reads_well_in_words() -> None:
    result = _run("compare", HOME, MADE_UP, "--people", "5000", *ON)
    assert result.exit_code == 0
    first, *moves = result.output.split("  Team")[0].splitlines()
    assert first.split(" would move")[0].endswith("of 5000")
    assert all("år" in line for line in moves)


def test_a_layer_in_a_file_is_compared_on_its_own_day(tmp_path: Path) -> None:
    """Even what it changes for a time that has not begun yet."""
    layer = tmp_path / "layer.toml"
    layer.write_text(
        'language = 2\nid = "lokal"\nmunicipality = "740"\nversion = "2027-03-01"\nvalid_from = 2027-03-01\nlaw = "Byrådet"\n'
        'note.da = "Flere uger."\nnote.en = "More weeks."\n\n[[insert]]\ntable = "route"\nbefore = "route.self_directed"\n'
        'row.id = "route.740.all"\nrow.when.weeks_unemployed.at_least = 0\nrow.then.route = "talk_to_a_person"\n'
        'row.law = "Byrådet"\nrow.confidence = "policy"\nrow.why.da = "Alle."\nrow.why.en = "All."\n'
        "row.valid_from = 2027-03-01\n",
        encoding="utf-8",
    )
    (found,) = _lines("compare", HOME, str(layer), "--people", "1000", "--json", *ON)
    assert found["moved"] > 0


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("compare", "2019-01-01", NEW), "no file, no edition (2025-07-01, 2026-11-25)"),
        (("draw", "--on", "1990-01-01"), "no rulebook holds on 1990-01-01"),
        (("simulate", "--municipality", "74"), "write three digits"),
        (("equal-treatment", "--there", "silkeborg"), "write three digits"),
        (("dmn", "no-such-table", *ON), "no-such-table"),
    ],
)
def test_a_wrong_command_says_what_and_what_to_do(command: tuple[str, ...], said: str) -> None:
    result = _run(*command)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_simulation_gives_every_municipality_its_people(tmp_path: Path) -> None:
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("kode;personer\n0740;1200\n", encoding="utf-8")
    lines = _lines("simulate", "--people", "300", "--sizes", str(sizes), *ON)
    assert {line["municipality"] for line in lines} == set(municipalities())
    for line in lines:
        wanted = 1200 if line["municipality"] == HOME else 300
        assert line["people"] == sum(line["teams"].values()) == wanted, line
    assert lines == _lines("simulate", "--people", "300", "--sizes", str(sizes), *ON)


def test_neighbours_are_compared_both_ways_with_the_municipal_row_that_makes_the_difference() -> None:
    here = _lines("equal-treatment", "--here", MADE_UP, "--there", HOME, *ON)
    there = _lines("equal-treatment", "--here", HOME, "--there", MADE_UP, *ON)
    assert here
    assert all(line["law"] and line["cause"] for line in (*here, *there))
    pairs = {(line["about"], line["here"], line["elsewhere"]) for line in here}
    assert pairs == {(line["about"], line["elsewhere"], line["here"]) for line in there}
    assert _lines("equal-treatment", "--here", HOME, "--there", "253", *ON) == []
