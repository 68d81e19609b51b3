"""Official files: taken whole or not at all, and a broken file says where it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.imports import occupations, outlook
from portal.store import name_lists, outlooks
from portal.store.database import Store
from portal.triage.understanding import understand, work
from portal.web import vocabulary
from tests import cast

HEAD = "occupation;title;outlook;valid_on;source;fictional\n"
DEMO = Path(outlook.__file__).parent.parent / "demo" / "outlook.csv"


def test_the_demo_list_reads_and_is_marked_as_fictional() -> None:
    entries, faults = outlook.read(DEMO.read_text(encoding="utf-8"))
    assert faults == []
    assert len(entries) >= 150
    assert all(entry.fictional for entry in entries)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("5223;Butik;limited;2026-07-01;x", "5 fields instead of 6"),
        ("52;Butik;limited;2026-07-01;x;1", "no four-digit occupation code"),
        ("5223;Butik;poor;2026-07-01;x;1", "no outlook; use one of shortage"),
        ("5223;Butik;limited;1/7;x;1", "Invalid isoformat string"),
        ("5223;Butik;limited;2026-07-01;x;yes", "fictional must be 0 or 1"),
        ("5224;Kasse;good;2026-07-01;x;1\n5224;Kasse;good;2026-07-01;x;1", "stands twice"),
    ],
)
def test_a_broken_row_is_named_by_line(row: str, says: str) -> None:
    entries, faults = outlook.read(HEAD + "2221;Sygeplejerske;shortage;2026-07-01;x;1\n" + row)
    assert says in faults[0].message
    assert faults[0].line >= 3
    assert entries


def test_another_file_is_told_what_the_first_line_must_be() -> None:
    assert outlook.read("a;b;c")[1][0].line == 1
    assert outlook.read("")[1][0].line == 1


async def test_the_list_is_replaced_as_a_whole(store: Store) -> None:
    entries, _ = outlook.read(HEAD + "2221;Sygeplejerske;shortage;2026-07-01;x;1")
    async with store.writing(cast.staff("ada"), cast.NOW) as unit:
        await outlooks.replace_all(unit, entries)
        await unit.commit()
    async with store.reading(cast.HOME) as reader:
        assert (await outlooks.of(reader, "2221"), await outlooks.of(reader, "5223")) == (
            "shortage",
            "unknown",
        )


# ------------------------------------------------------------------ names of occupations and industries

DISCO = """\ufeffSEKVENS;KODE;NIVEAU;TITEL;INKLUDERER\r
1;"9";1;Andet manuelt arbejde;\r
2;"91";2;Rengøring;\r
3;"911";3;Rengøring i hjem, hoteller og kontorer;"- gulve;\r
- vinduer"\r
4;"9112";4;Rengøring i virksomheder;\r
5;"911200";5;Rengøring i virksomheder af skibe;\r
"""
ESCO = """conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,hiddenLabels
Occupation,http://x/1,9112,skibsrengører,"rengører af kahytter
dækvasker",
Occupation,http://x/2,7111,ukendt gruppe,,
"""
GROUPS = frozenset({"9112", "2221"})


def test_both_formats_are_read_and_what_has_no_group_is_counted() -> None:
    disco, faults = occupations.read(DISCO.encode(), GROUPS)
    assert faults == []
    assert disco is not None
    assert disco.kind == "disco"
    assert dict(disco.names) == {
        "Rengøring i virksomheder": "9112",
        "Rengøring i virksomheder af skibe": "9112",
    }
    esco, faults = occupations.read(ESCO.encode(), GROUPS)
    assert faults == []
    assert esco is not None
    assert [name for name, _ in esco.names] == ["skibsrengører", "rengører af kahytter", "dækvasker"]
    assert esco.unplaced == 1


def test_industries_come_in_the_same_format() -> None:
    text = "KODE;NIVEAU;TITEL\nA;1;Landbrug\n01;2;Planteavl\n011;3;Korn\n0111;4;Dyrkning\n011100;5;Dyrkning af korn\n"
    found, faults = occupations.read(text.encode(), GROUPS)
    assert faults == []
    assert found == occupations.Names("industries", (("Dyrkning af korn", "011100"),))


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('4;"9112";4;Rengøring i virksomheder;', '4;"9112";4;;', 6, "9112 has no title"),
        ('4;"9112";4', '4;"91x2";4', 6, "'91x2' is no code"),
        ('4;"9112";4;Rengøring i virksomheder;\r\n', "", 6, "9112 is missing"),
        ('3;"911"', '3;"91"', 4, "91 stands twice"),
        ('2;"91";2;Rengøring;', "2;91;2;Rengøring", 3, "4 fields instead of 5"),
        ('vinduer"', "vinduer", 4, "does not read"),
        ("5;Rengøring", "x;Rengøring", 7, "'x' is no level"),
        ("TITEL", "NAVN", 1, "must name the columns"),
        ("Rengøring i hjem", "R" * 301, 4, "longer than 300"),
    ],
)
def test_a_broken_classification_says_where(old: str, new: str, line: int, says: str) -> None:
    assert old in DISCO
    found, faults = occupations.read(DISCO.replace(old, new).encode(), GROUPS)
    assert found is None
    assert (faults[0].line, says in faults[0].message) == (line, True), faults


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (",9112,", ",91,", 2, "'91' is no four-digit"),
        ("skibsrengører", "", 2, "preferredLabel is empty"),
        ("Occupation,http://x/2", "Skill,http://x/2", 4, "'Skill' is no Occupation"),
        ("gruppe,,", "gruppe", 4, "4 fields instead of 6"),
    ],
)
def test_a_broken_esco_file_says_where(old: str, new: str, line: int, says: str) -> None:
    found, faults = occupations.read(ESCO.replace(old, new).encode(), GROUPS)
    assert found is None
    assert (faults[0].line, says in faults[0].message) == (line, True), faults


def test_a_file_in_another_encoding_and_an_empty_one_are_told_apart() -> None:
    assert occupations.read(DISCO.encode("latin-1", "ignore"), GROUPS)[1][0] == outlook.Fault(
        3, "not UTF-8 text; save the file as UTF-8"
    )
    assert occupations.read(b"", GROUPS)[1][0].line == 1
    assert occupations.read(b"KODE;NIVEAU;TITEL\n", GROUPS)[1][0].message == "there are no rows"


async def test_official_names_are_found_under_the_name_they_have_and_ours_come_first(store: Store) -> None:
    """Loaded, they are known with the next question; loaded anew, the old ones are gone."""
    async with store.reading(cast.HOME) as reader:
        assert await vocabulary.titles(reader) is work.our_titles()
    for name in ("dækvasker", "brovasker"):
        async with store.writing(cast.staff("ada"), cast.NOW) as unit:
            await name_lists.replace(unit, "esco", [(name, "9112"), ("Sygeplejerske", "9112")])
            await unit.commit()
    async with store.reading(cast.HOME) as reader:
        titles = await vocabulary.titles(reader)
        assert [(one.kind, one.count) for one in await name_lists.loaded(reader)] == [("esco", 2)]
    day = cast.NOW.date()
    found = understand("occupation", "brovaskere", "da", day, titles)
    assert (found.candidates[0].value, found.candidates[0].label) == ("9112", "brovasker")
    assert understand("occupation", "sygeplejerske", "da", day, titles).candidates[0].value == "2221"
    assert "dækvasker" not in {
        one.label for one in understand("occupation", "dækvasker", "da", day, titles).candidates
    }
