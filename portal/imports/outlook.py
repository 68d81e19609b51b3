"""The outlook list in: which occupations have many or few jobs here. Read whole and checked whole, then taken whole.

The file is CSV with `;`: occupation;title;outlook;valid_on;source;fictional.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO

from portal.store.outlooks import Entry

HEADER = ["occupation", "title", "outlook", "valid_on", "source", "fictional"]
OUTLOOKS = ("shortage", "paradox", "good", "limited")


@dataclass(frozen=True)
class Fault:
    line: int
    message: str


def read(text: str) -> tuple[list[Entry], list[Fault]]:
    """Every row, or every fault with its line number."""
    rows = list(csv.reader(StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    if not rows or rows[0] != HEADER:
        return [], [Fault(1, f"the first line must be {';'.join(HEADER)}")]
    entries: list[Entry] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for line, row in enumerate(rows[1:], start=2):
        try:
            entry = _entry(row, seen)
        except ValueError as error:
            faults.append(Fault(line, str(error)))
        else:
            seen.add(entry.occupation)
            entries.append(entry)
    return entries, faults


def _entry(row: list[str], seen: set[str]) -> Entry:
    if len(row) != len(HEADER):
        raise ValueError(f"{len(row)} fields instead of {len(HEADER)}")
    code, title, outlook, valid_on, source, fictional = (field.strip() for field in row)
    if not (code.isascii() and code.isdigit() and len(code) == 4):
        raise ValueError(f"{code!r} is no four-digit occupation code")
    if code in seen:
        raise ValueError(f"{code} stands twice")
    if outlook not in OUTLOOKS:
        raise ValueError(f"{outlook!r} is no outlook; use one of {', '.join(OUTLOOKS)}")
    if fictional not in ("0", "1"):
        raise ValueError("fictional must be 0 or 1")
    return Entry(code, title, outlook, date.fromisoformat(valid_on), source, fictional == "1")
