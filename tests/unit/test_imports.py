"""The outlook list: taken whole or not at all, and a broken file says where it is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.imports import outlook
from portal.store import outlooks
from portal.store.database import Store
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
