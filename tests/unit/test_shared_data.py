"""Against real public data, where it lies beside the project; counted as left out where it does not."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

from stdnum.dk import cvr

from portal.imports import occupations
from portal.triage.conditions import _code
from portal.triage.understanding import understand, work

DAY = date(2026, 11, 25)


def _rows(file: Path, delimiter: str) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines, delimiter=delimiter))


def test_our_occupations_are_the_unit_groups_of_disco_each_once(shared: Path) -> None:
    ours = set(work.occupations())
    groups = {row[1] for row in _rows(shared / "occupations/disco08_dst.csv", ";") if row[2] == "4"}
    assert ours == groups


def test_the_official_files_are_taken_whole(shared: Path) -> None:
    read = {
        name: occupations.read((shared / name).read_bytes(), work.occupations())
        for name in (
            "occupations/disco08_dst.csv",
            "occupations/esco_occupations_da_1.0.8.csv",
            "industries/db07.csv",
        )
    }
    assert [faults for _, faults in read.values()] == [[], [], []]
    disco, esco, industries = (found for found, _ in read.values())
    assert disco is not None
    assert (disco.kind, disco.unplaced, len({code for _, code in disco.names})) == ("disco", 0, 429)
    assert esco is not None
    assert (esco.kind, esco.unplaced) == ("esco", 7)
    assert len(esco.names) > 8_000
    assert industries is not None
    assert (industries.kind, len(industries.names) > 700) == ("industries", True)


def test_a_file_that_was_cut_off_changes_nothing(shared: Path) -> None:
    whole = (shared / "occupations/esco_occupations_da_1.0.8.csv").read_bytes()
    found, faults = occupations.read(whole[:-2_000], work.occupations())
    assert found is None
    assert len(faults) == 1
    assert faults[0].line > 10_000


def test_every_municipality_code_is_read_as_three_digits(shared: Path) -> None:
    codes = [row[0] for row in _rows(shared / "geography/kommuner_afledt.csv", ";")[1:]]
    assert len(codes) >= 98
    for code in codes:
        assert len(_code(code) or "") == 3


def test_the_official_test_companies_fail_modulus_11_and_only_warn(shared: Path) -> None:
    text = (shared / "cvr/datafordeler_GLBASETEST_virksomheder.json").read_text(encoding="utf-8")
    json.loads(text)
    for number in ("88888881", "88888882"):
        assert number in text
        assert not cvr.is_valid(number)


def test_most_unemployment_funds_are_understood_as_dagpenge(shared: Path) -> None:
    rows = _rows(shared / "akasser/a-kasser.csv", ";")
    names = [row[0] for row in rows[1:]]
    right = [
        name
        for name in names
        if any(one.value == "dagpenge" for one in understand("benefit", name, "da", DAY).candidates)
    ]
    wrong = [
        name
        for name in names
        if understand("benefit", name, "da", DAY).facts.get("benefit") not in (None, "dagpenge")
    ]
    assert wrong == []
    assert len(right) >= len(names) // 2
