"""What is proved about a rulebook before anybody is served by it. Each fault comes with a person it harms.

For every day on which something in it changes: each table gives everyone an answer (gap) and each row somebody
(unreachable); no two rows of equal rank disagree about anybody; all that is named exists; and the guard rails hold
(`rails`). Rows that overlap where order alone decides are reported as information.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

from portal.triage import facts
from portal.triage.layers import lay
from portal.triage.lines import AT, At
from portal.triage.rails import broken_rails
from portal.triage.reader import open_rulebook
from portal.triage.rulebook import FOLDER, Fault, Rulebook, Words
from portal.triage.shelf import Shelf, built_in_shelf
from portal.triage.source import Source, built_in, built_in_layers, is_day, try_reading
from portal.triage.table import Box, Row, Table

PUBLISHED = FOLDER / "published.toml"
MUST_ANSWER = ("route", "team", "contact", "guarantee", "desk")
FIRST_DECIDES = ("akasse",)  # the first row decides, and not everybody needs one
MOST_KINDS = 300_000  # of people that one table may tell apart: what is beyond cannot be answered at once
TEXT_FIGURES = {"limit", "asked", "largest_positions", "earliest_start"}  # filled in from the request


def check_file(path: Path, shelf: Shelf | None = None) -> tuple[str, list[Fault]]:
    """The name and stamp of the rulebook or layer in that file, and every fault. A layer is laid over the national
    edition of its time."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return path.name, [Fault("file", "", "syntax", f"the file cannot be read: {error}", file=path.name)]
    return check_text(text, path.name, shelf)


def check_text(text: str, name: str, shelf: Shelf | None = None) -> tuple[str, list[Fault]]:
    """The same for a draft that is no file yet."""
    source, faults = try_reading(text, name)
    if source is None:
        return name, faults
    shown = f"{source.content.get('id')} {source.version} {source.hash[:12]}"
    return shown, check_source(source, shelf or built_in_shelf())


def check_source(source: Source, shelf: Shelf) -> list[Fault]:
    """Every fault of whatever somebody wrote, however it is laid out."""
    try:
        return check(source, shelf)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, RecursionError) as error:
        message = f"a table is not laid out as a rulebook's: {error}"
        return [Fault("file", "", "syntax", message, file=source.name)]


def changed_since_published() -> list[Fault]:
    """A published rulebook never changes: a change is a new file with a new date. Dialogues and cases are pinned to it."""
    published = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))
    hashes, older = published["hash"], published["old_hash"]
    built_ins = {_key(source): source for source in (*built_in(), *built_in_layers())}
    found = []
    for name, wanted in hashes.items():
        if name not in built_ins:
            found.append(
                Fault("file", "", "published", "this published rulebook is gone; put it back", file=name)
            )
        elif (
            built_ins[name].hash != wanted
            or older.get(name, built_ins[name].old_hash) != built_ins[name].old_hash
        ):
            message = "this rulebook was published and has changed since; undo it, and write a new file with a new date"
            found.append(Fault("file", "", "published", message, file=name))
    for name in sorted(set(built_ins) - set(hashes)):
        message = f'it is not published yet; when it is, write "{name}" = "{built_ins[name].hash}" in published.toml'
        found.append(Fault("file", "", "published", message, file=name, information=True))
    return found


def _key(source: Source) -> str:
    return f"{source.municipality or 'national'}/{source.name}"


def check(source: Source, shelf: Shelf) -> list[Fault]:
    """Every fault of a national edition or a municipal layer, on every day on which something changes, each once."""
    found: list[Fault] = list(_head(source, shelf)) if source.municipality else []
    if found:
        return found
    for day in _days_of(source, shelf):
        if source.municipality:
            found += _of_layer(source, shelf, day)
        else:
            found += _of_edition(source, shelf, day)
    return _once(found)


def _head(layer: Source, shelf: Shelf) -> Iterator[Fault]:
    """What is wrong with a layer's period and its place among others, whatever else it says."""
    at = layer.content.get(AT)
    line = at.of("valid_from") if isinstance(at, At) else 0
    for kind, message in _head_said(layer, shelf):
        yield Fault("rulebook", "", kind, message, file=layer.name, line=line)


def _head_said(layer: Source, shelf: Shelf) -> Iterator[tuple[str, str]]:
    for key in ("valid_from", "valid_to"):
        if key in layer.content and not is_day(layer.content[key]):
            yield "syntax", f"write {key} as a date without quotes, e.g. 2027-01-01"
    if layer.valid_to < layer.valid_from:
        yield "syntax", f"it ends on {layer.valid_to}, before it begins on {layer.valid_from}"
    earliest = min(one.valid_from for one in shelf.national)
    if layer.valid_to < earliest:
        yield "syntax", f"it ends before the first national rulebook, which holds from {earliest}"
    for one in shelf.layers:
        mine = (one.municipality, one.content.get("id")) == (layer.municipality, layer.content.get("id"))
        if (
            mine
            and one.hash != layer.hash
            and one.in_order >= layer.in_order
            and one.holds_on(layer.valid_from)
        ):
            after = f"version {one.version} of the same id from {one.valid_from} comes after it"
            yield "superseded", f"it would never hold: {after}; write a later version or day"
            return


def check_municipality(shelf: Shelf, municipality: str, since: date) -> list[Fault]:
    """Every fault of what holds in that municipality from `since` on; what is no fault is told of its files, by `check`."""
    found: list[Fault] = []
    for day in change_days(shelf.of_municipality(municipality), since):
        national, layers = shelf.edition(day), shelf.layers_on(municipality, day)
        source, faults = lay(national, layers, day)
        found += _of_book(source, day, faults, _promise(national, day), notes=False)
    return _once(found)


@lru_cache(maxsize=64)
def _promise(national: Source, day: date) -> Rulebook | None:
    """What a municipality may not promise less than."""
    return open_rulebook(national, day)[0]


def _of_edition(source: Source, shelf: Shelf, day: date) -> list[Fault]:
    earlier = [
        one
        for one in shelf.national
        if one.holds_on(day) and one.hash != source.hash and one.in_order <= source.in_order
    ]
    before = max(earlier, key=lambda one: one.in_order) if earlier else None
    promise = open_rulebook(before, day)[0] if before else None
    return _of_book(source, day, [], promise)


def _of_layer(layer: Source, shelf: Shelf, day: date) -> list[Fault]:
    national = shelf.edition(day)
    promise = _promise(national, day)
    mine = str(layer.content.get("id"))
    others = [one for one in shelf.layers_on(layer.municipality, day) if str(one.content.get("id")) != mine]
    source, faults = lay(national, sorted([*others, layer], key=lambda one: one.in_order), day)
    return _of_book(source, day, faults, promise)


def _of_book(
    source: Source, day: date, faults: list[Fault], promise: Rulebook | None, *, notes: bool = True
) -> list[Fault]:
    book, more = open_rulebook(source, day)
    found = [*faults, *more]
    if book is not None:
        found += proved(book, promise, notes=notes)
    return [replace(fault, day=day, file=fault.file or source.name) for fault in found]


def _days_of(source: Source, shelf: Shelf) -> list[date]:
    begins = source.valid_from if source.valid_from > date.min else date(2025, 7, 1)
    if source.municipality:
        begins = max(begins, min(one.valid_from for one in shelf.national))
        around = [*shelf.of_municipality(source.municipality), source]
        return [day for day in change_days(around, begins) if source.holds_on(day)]
    return change_days([source], begins)


def change_days(sources: Iterable[Source], since: date) -> list[date]:
    """`since`, and every later day on which a row or figure of the sources begins or has just ended."""
    days = {since}
    for source in sources:
        days |= _days_in(source)
    return sorted(day for day in days if day >= since)


@lru_cache(maxsize=1024)
def _days_in(source: Source) -> frozenset[date]:
    days: set[date] = set()
    for raw in _dated(source.content):
        begins, ends = raw.get("valid_from"), raw.get("valid_to")
        days |= {begins} if is_day(begins) else set()
        days |= {ends + timedelta(days=1)} if is_day(ends) and ends < date.max else set()
    return frozenset(days)


def _dated(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict):
        yield content
        for value in content.values():
            yield from _dated(value)
    elif isinstance(content, list):
        for value in content:
            yield from _dated(value)


def _once(faults: Sequence[Fault]) -> list[Fault]:
    """Each fault on the first day it shows."""
    seen: dict[tuple[str, str, str, str], Fault] = {}
    for fault in faults:
        seen.setdefault((fault.table, fault.row, fault.kind, fault.message), fault)
    return list(seen.values())


# ------------------------------------------------------------------ one rulebook on one day


def proved(book: Rulebook, promise: Rulebook | None = None, *, notes: bool = True) -> list[Fault]:
    """Every fault of a rulebook that reads. `promise` is the rulebook it may not promise less than; `notes` tells also where
    order alone decides."""
    found: list[Fault] = []
    for name, table in book.tables.items():
        found += _complete(name, table, must_answer=name in MUST_ANSWER)
        found += _beyond_reach(name, table) if name in FIRST_DECIDES else []
        found += _overlaps(name, table, notes=notes) if name in MUST_ANSWER else []
    for condition in book.conditions:
        found += _complete(condition.id, condition.table, must_answer=True)
        found += _overlaps(condition.id, condition.table, notes=notes)
        found += _complete(condition.id, condition.without_exemptions, must_answer=True, reach=False)
    found += _texts(book)
    found += _sizes(book)
    found += _never_asked(book)
    found += _named(book, promise or book)
    found += broken_rails(book, promise)
    return found


def told(row: Row | None, fault: Fault) -> Fault:
    """The fault, with where its row stands."""
    if row is not None and isinstance(row.at, At):
        return replace(fault, file=row.at.file, line=row.at.line)
    return fault


def _complete(name: str, table: Table, *, must_answer: bool, reach: bool = True) -> Iterator[Fault]:
    """rail.complete: nobody is left without a row, and no row without somebody."""
    if not must_answer:
        for row, box in zip(table.rows, table.boxes, strict=True):
            if not all(box):
                yield told(row, Fault(name, row.id, "unreachable", "nobody at all meets these conditions"))
        return
    decided, left = table.split(table.start({}))
    for box in left[:1]:
        last = table.rows[-1] if table.rows else None
        yield told(last, Fault(name, "", "gap", "nobody decides for this person", table.person(box)))
    for (row, boxes), box in zip(decided, table.boxes, strict=True):
        if reach and not boxes:
            whole = all(box)
            message = (
                "no person can ever reach this row: the rows above take everyone"
                if whole
                else "nobody at all meets these conditions"
            )
            person = table.person(box) if whole else {}
            yield told(row, Fault(name, row.id, "unreachable", message, person))


def _beyond_reach(name: str, table: Table) -> Iterator[Fault]:
    """In a table that need not answer everybody, a row that those above leave nobody."""
    for (row, boxes), box in zip(table.split(table.start({}))[0], table.boxes, strict=True):
        if all(box) and not boxes:
            message = "no person can ever reach this row: the rows above take everyone"
            yield told(row, Fault(name, row.id, "unreachable", message, table.person(box)))


def _sizes(book: Rulebook) -> Iterator[Fault]:
    """No table tells so many kinds of people apart that answering would take long."""
    tables = [*book.tables.items(), *((one.id, one.table) for one in book.conditions)]
    for name, table in tables:
        kinds_of_people = prod(len(cells.examples) for cells in table.cells)
        if kinds_of_people > MOST_KINDS:
            message = f"the rows tell {kinds_of_people} kinds of people apart, and {MOST_KINDS} is the most; use fewer facts or limits"
            yield told(table.rows[-1], Fault(name, "", "too_many", message))


def _never_asked(book: Rulebook) -> Iterator[Fault]:
    """Every fact that decides a way can be asked for: it has a question, whose own gate reads what is asked before."""
    table = book.tables["route"]
    for name in table.facts:
        row = next(row for row in table.rows if name in row.when)
        question = book.questions.get(name)
        if name == "wants_person":
            continue
        if question is None:
            yield told(
                row,
                Fault(
                    "route", row.id, "never_asked", f"{name} decides here, and there is no question for it"
                ),
            )
            continue
        for gate in question.asked_when:
            if gate not in table.facts:
                message = f"{name} is asked only of those whose {gate} is known, and no row of the table reads {gate}: it is never asked"
                yield told(row, Fault("route", row.id, "never_asked", message))


def _overlaps(name: str, table: Table, *, notes: bool) -> Iterator[Fault]:
    """Pairs of rows that both take somebody, decide otherwise, and of which neither is the other's exception."""
    for i, (row, box) in enumerate(zip(table.rows, table.boxes, strict=True)):
        for other, theirs in zip(table.rows[i + 1 :], table.boxes[i + 1 :], strict=True):
            equal = row.rank is not None and row.rank == other.rank
            if row.then == other.then or not (notes or equal):
                continue
            both: Box = tuple([a & b for a, b in zip(box, theirs, strict=True)])
            if not all(both):
                continue
            if not equal and both in (box, theirs):
                continue
            message = (
                f"and {other.id} claim the same rank ({row.rank}) and decide otherwise for this person; give one a rank of its own"
                if equal
                else f"comes before {other.id}, which would decide otherwise for this person: order alone decides"
            )
            kind = "equal_rank" if equal else "overlap"
            yield told(row, Fault(name, row.id, kind, message, table.person(both), information=not equal))


def _texts(book: Rulebook) -> Iterator[Fault]:
    """No text would show an unfilled placeholder, or a figure that is not known; every fact and value has a name."""
    known = {name for name, figure in book.figures.items() if figure.known}
    conditions = {condition.id for condition in book.conditions}
    rows = [*book.rows(), ("unclear", book.unclear), ("complaint", book.complaint)]
    for name, row in rows:
        filled = known | TEXT_FIGURES if name in conditions else known
        for texts in row.texts.values():
            for text in texts.values():
                for unknown in sorted(set(re.findall(r"{([^}]*)}", text)) - filled):
                    message = f"the text names {{{unknown}}}, which has no value"
                    yield told(row, Fault(name, row.id, "unknown_figure", message))
    if book.words:
        for fact in facts.EVERY.values():
            yield from _unnamed(fact.name, facts.EVERY[fact.name].values, book.words.get(fact.name))


def _unnamed(name: str, values: Sequence[str], words: Words | None) -> Iterator[Fault]:
    if words is None:
        yield Fault("fact", name, "missing_text", f"write a [[fact]] that says what {name} is called")
        return
    for value in values:
        if value not in words.values:
            yield Fault("fact", name, "missing_text", f"write values.{value}.da and values.{value}.en")


def _named(book: Rulebook, promise: Rulebook) -> Iterator[Fault]:
    """Everything pages and figures rely on is there: the fixed ids, a text for each way, the figures."""
    if not book.id.startswith("national+"):  # a municipality may switch rows off; an edition may not lose ids
        for name in ("route", "desk"):
            own = {row.id for row in book.tables[name].rows}
            for row in promise.tables[name].rows:
                if row.id not in own:
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
