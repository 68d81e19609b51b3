"""What can be proved about a rulebook before anybody is served by it. Each fault comes with a person it harms.

Proved here: every table gives everyone an answer (gap) and every row somebody (unreachable), and five guard rails.
`NOT_PROVED` says what is not proved yet, so that nobody takes silence for proof.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from portal.triage import facts
from portal.triage.reader import open_rulebook
from portal.triage.rulebook import TABLES, Fault, Rulebook, Source
from portal.triage.table import Table

MUST_ANSWER = ("route", "team", "contact", "guarantee", "desk")
NOT_PROVED = (
    "overlap",
    "rail.effect beyond the names an outcome may give",
    "rail.complaint beyond the text being there",
    "municipal layers",
)
MAY_DECIDE = {
    "route": {"route", "track"},
    "team": {"team"},
    "contact": {"contact_interval_days"},
    "offer": {"offer"},
    "guarantee": {"guarantee_days"},
    "akasse": {"notice"},
    "desk": {"team", "forward"},
}


def check_file(path: Path, on: date, promise: Rulebook | None = None) -> tuple[str, list[Fault]]:
    """The rulebook's stamp as a line, and every fault. `promise` is the rulebook whose guarantee may not grow."""
    try:
        source = Source.read(path)
    except tomllib.TOMLDecodeError as error:
        return path.name, [Fault("file", "", "syntax", f"this is not TOML: {error}")]
    except (OSError, UnicodeDecodeError) as error:
        return path.name, [Fault("file", "", "syntax", f"the file cannot be read: {error}")]
    begins = source.content.get("valid_from")
    day = max(on, begins) if isinstance(begins, date) else on
    try:
        book, faults = open_rulebook(source, day)
        if book is not None:
            faults = [*faults, *proved(book, promise)]
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        faults = [Fault("file", "", "syntax", f"a table is not laid out as a rulebook's: {error}")]
    name = f"{source.content.get('id')} {source.content.get('version')} {source.hash[:12]}"
    return name, faults


def proved(book: Rulebook, promise: Rulebook | None = None) -> Iterator[Fault]:
    """Every fault of a rulebook that reads."""
    for name, table in book.tables.items():
        yield from _complete(name, table, must_answer=name in MUST_ANSWER)
        yield from _effect(name, table)
    for condition in book.conditions:
        yield from _complete(condition.id, condition.table, must_answer=True)
        yield from _complete(condition.id, condition.without_exemptions, must_answer=True, reach=False)
    yield from _whole(book, promise or book)
    yield from _days(book)
    yield from _texts(book)
    yield from _person_first(book)
    yield from _contact(book, promise or book)
    if promise is not None:
        yield from _guarantee(book, promise)


def _whole(book: Rulebook, promise: Rulebook) -> Iterator[Fault]:
    """Everything pages and figures rely on is there: the fixed ids, a text for each way, the figures."""
    for name in ("route", "desk"):
        for row in promise.tables[name].rows:
            if row.id not in {own.id for own in book.tables[name].rows}:
                yield Fault(
                    name, row.id, "missing_row", "this id is fixed and may not be left out or renamed"
                )
    for condition in promise.conditions:
        if condition.id not in {own.id for own in book.conditions}:
            yield Fault(
                "condition", condition.id, "missing_row", "this condition may not be left out or renamed"
            )
    for route in facts.ROUTES:
        if route not in book.ways:
            yield Fault("way", route, "missing_text", "people who get this route would read nothing")
    for name in sorted(set(promise.figures) - set(book.figures)):
        yield Fault("figure", name, "missing", "this figure is used and has no value on this day")


def _days(book: Rulebook) -> Iterator[Fault]:
    for row in book.tables["guarantee"].rows:
        days = row.then.get("guarantee_days")
        if not isinstance(days, int) or days < 1:
            yield Fault("guarantee", row.id, "unknown_value", f"{days!r} is no number of days from 1 up")


def _texts(book: Rulebook) -> Iterator[Fault]:
    """No text would show an unfilled placeholder."""
    known = {*book.figures, "limit", "asked", "largest_positions", "earliest_start"}
    rows = [(name, row) for name, table in book.tables.items() for row in table.rows]
    rows += [("condition", row) for condition in book.conditions for row in condition.table.rows]
    rows += [("unclear", book.unclear), ("complaint", book.complaint)]
    for name, row in rows:
        for texts in row.texts.values():
            for text in texts.values():
                for unknown in sorted(set(re.findall(r"{([^}]*)}", text)) - known):
                    yield Fault(
                        name, row.id, "unknown_figure", f"the text names {{{unknown}}}, which has no value"
                    )


def _complete(name: str, table: Table, *, must_answer: bool, reach: bool = True) -> Iterator[Fault]:
    decided, left = table.split(table.start({}))
    if must_answer:
        for box in left[:1]:
            yield Fault(name, "", "gap", "nobody decides for this person", table.person(box))
    for row, boxes in decided:
        if reach and must_answer and not boxes:
            message = "no person can ever reach this row: the rows above take everyone"
            yield Fault(name, row.id, "unreachable", message, _first_person(table, row))


def _first_person(table: Table, row: Any) -> dict[str, facts.Value]:
    box = tuple(
        cells.mask_where(row.when[fact]) if fact in row.when else cells.all
        for fact, cells in zip(table.facts, table.cells, strict=True)
    )
    return table.person(box) if all(box) else {}


def _effect(name: str, table: Table) -> Iterator[Fault]:
    for row in table.rows:
        for key, value in row.then.items():
            if key not in MAY_DECIDE[name]:
                yield Fault(name, row.id, "rail.effect", f"a row may not decide {key}")
            if (key == "route" and value not in facts.ROUTES) or (
                key == "track" and value not in facts.TRACKS
            ):
                yield Fault(name, row.id, "unknown_value", f"{value} is no {key}")


def _person_first(book: Rulebook) -> Iterator[Fault]:
    rows = book.tables["route"].rows
    asks = {"wants_person": {"equal": True}}
    if not rows or rows[0].id != "route.person" or rows[0].when != asks:
        yield Fault(
            "route",
            rows[0].id if rows else "",
            "rail.person",
            "route.person must be the first row",
            {"wants_person": True},
        )
    elif rows[0].then.get("route") != "talk_to_a_person":
        yield Fault(
            "route",
            "route.person",
            "rail.person",
            "route.person must lead to talk_to_a_person",
            {"wants_person": True},
        )


def _contact(book: Rulebook, promise: Rulebook) -> Iterator[Fault]:
    longest = promise.number("contact.days")
    for row in book.tables["contact"].rows:
        days = row.then.get("contact_interval_days")
        if days == "none":
            if row.when != {"track": {"equal": "by_need"}}:
                yield Fault("contact", row.id, "rail.contact", "only by_need may have no interval")
        elif not isinstance(days, int) or not 1 <= days <= longest:
            yield Fault("contact", row.id, "rail.contact", f"an interval is 1–{longest} days or none")


def _guarantee(book: Rulebook, promise: Rulebook) -> Iterator[Fault]:
    """rail.guarantee: nobody waits longer than under `promise`, tried over every cell the two tables tell apart."""
    mine, theirs = book.tables["guarantee"], promise.tables["guarantee"]
    both = Table([*mine.rows, *theirs.rows], TABLES["guarantee"])
    for box in _cells(both):
        person = both.person(box)
        row, before = mine.first(person), theirs.first(person)
        if (
            row is not None
            and before is not None
            and row.then["guarantee_days"] > before.then["guarantee_days"]
        ):
            said = f"{row.then['guarantee_days']} days is longer than the promised {before.then['guarantee_days']}"
            yield Fault("guarantee", row.id, "rail.guarantee", said, person)
            return


def _cells(table: Table) -> Iterator[tuple[int, ...]]:
    boxes: list[tuple[int, ...]] = [()]
    for cells in table.cells:
        boxes = [(*box, 1 << i) for box in boxes for i in range(len(cells.examples))]
    yield from boxes
