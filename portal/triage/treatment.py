"""Equal treatment: what no rule may read makes no difference, and what differs across a municipal border has a row to show.

Exact over the cells two rulebooks can tell apart: every difference there can be is found, none is made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from portal.domain.errors import InvalidError
from portal.triage.dialogue import outcome_of
from portal.triage.facts import CITIZEN, EMPLOYER, EVERY, Fact, Value, parse_facts
from portal.triage.phrases import FORBIDDEN
from portal.triage.rulebook import TABLES, Rulebook
from portal.triage.table import Row, Table

CHANGED = {"switch_off": "switched off", "replace": "replaced"}
Pair = tuple[Row | None, Row | None]


@dataclass(frozen=True)
class Difference:
    """Somebody who is treated otherwise here than there. `cause` is what the municipality changed: a row or a figure, with
    what was done to it; `law` is what it rests on."""

    about: str
    person: Mapping[str, Value]
    here: str
    there: str
    cause: str
    law: str
    rows: tuple[tuple[Row, ...], tuple[Row, ...]] = ((), ())  # what decides here and there, where rows do


def reads_something_protected(book: Rulebook) -> list[str]:
    """Rows that read anything but the facts there are, or a protected one; empty for every rulebook that could be read."""
    found = []
    for name, row in book.rows():
        found += [f"{name} {row.id} {fact}" for fact in row.when if fact in FORBIDDEN or fact not in EVERY]
    return found


def is_told_apart(person: Mapping[str, Any], protected: Mapping[str, Any]) -> bool:
    """Whether the facts take in anything of what is protected: they refuse every such name."""
    try:
        parse_facts(CITIZEN, {**person, **protected})
    except InvalidError:
        return False
    return bool(protected)


def differences(here: Rulebook, there: Rulebook, *, ways: bool = True) -> list[Difference]:
    """Every way in which a municipality treats somebody otherwise, once for each cause; without `ways` only what is no way."""
    found: dict[tuple[str, str, str, str], Difference] = {}
    about_rows = (*(_ways(here, there) if ways else ()), *_tables(here, there), *_conditions(here, there))
    for one in about_rows:
        found.setdefault((one.about, one.here, one.there, one.cause), one)
    told = {one.cause for one in found.values()}
    return [*found.values(), *(one for one in _figures(here, there) if one.cause not in told)]


def _figures(here: Rulebook, there: Rulebook) -> Iterator[Difference]:
    """Figures that stand otherwise: those no row reads (a lead time, a ratio) treat people otherwise all the same."""
    for name in sorted({*here.figures, *there.figures}):
        mine, theirs = here.figures.get(name), there.figures.get(name)
        values = [one.value if one is not None else None for one in (mine, theirs)]
        if values[0] != values[1]:
            own = next((one for one in (mine, theirs) if one is not None and one.origin), None)
            cause, law = (f"figure {name}", own.law) if own is not None else ("another edition", "")
            said = ["–" if one is None else str(one) for one in values]
            yield Difference(name, {}, said[0], said[1], cause, law)


def _ways(here: Rulebook, there: Rulebook) -> Iterator[Difference]:
    mine, theirs = here.tables["route"], there.tables["route"]
    for person in Table([*mine.rows, *theirs.rows], CITIZEN).everybody():
        row, other = mine.first(person), theirs.first(person)
        if row is None or other is None:
            continue
        outcomes = outcome_of(here, row), outcome_of(there, other)
        if outcomes[0] != outcomes[1]:
            steps: list[Pair] = [(row, other), *_steps(here, there, row, other)]
            cause, law = _cause(here, there, steps)
            said = [" / ".join(str(part) for part in one.as_dict().values()) for one in outcomes]
            yield Difference("way", person, said[0], said[1], cause, law)


def _steps(here: Rulebook, there: Rulebook, row: Row, other: Row) -> Iterator[Pair]:
    for name in ("team", "contact"):
        about = [
            {"route": str(one.then["route"]), "track": str(one.then.get("track") or "none")}
            for one in (row, other)
        ]
        pair = here.tables[name].first(about[0]), there.tables[name].first(about[1])
        if pair[0] is not None and pair[1] is not None:
            yield pair[0], pair[1]


def _tables(here: Rulebook, there: Rulebook) -> Iterator[Difference]:
    for name in ("guarantee", "offer", "akasse", "talks", "desk"):
        mine, theirs = here.tables.get(name), there.tables.get(name)
        if mine is None or theirs is None:
            continue
        every = name in ("offer", "talks")
        yield from _table(here, there, (name, TABLES[name]), (mine, theirs), every=every)


def _conditions(here: Rulebook, there: Rulebook) -> Iterator[Difference]:
    others = {one.id: one for one in there.conditions}
    for condition in here.conditions:
        if condition.id in others:
            theirs = others[condition.id].table
            pair = condition.table, theirs
            yield from _table(here, there, (condition.id, EMPLOYER), pair, every=False)


def _table(
    here: Rulebook,
    there: Rulebook,
    named: tuple[str, Mapping[str, Fact]],
    tables: tuple[Table, Table],
    *,
    every: bool,
) -> Iterator[Difference]:
    """Persons for whom the rows decide otherwise: the first that holds, or (`every`) all that hold."""
    plain = [[(row.id, row.when, row.then) for row in table.rows] for table in tables]
    if plain[0] == plain[1]:
        return
    name, vocabulary = named
    for person in Table([row for table in tables for row in table.rows], vocabulary).everybody():
        rows = [[row for row in table.rows if row.matches(person)] for table in tables]
        decided = [found if every else found[:1] for found in rows]
        if [row.then for row in decided[0]] == [row.then for row in decided[1]]:
            continue
        ids = [{row.id for row in found} for found in decided]
        apart: list[list[Row | None]] = [
            [row for row in decided[i] if row.id not in ids[1 - i]] or list(decided[i][:1]) or [None]
            for i in (0, 1)
        ]
        pairs: list[Pair] = list(zip_longest(apart[0], apart[1]))
        cause, law = _cause(here, there, pairs)
        said = ["; ".join(_then(row) for row in found) or "–" for found in decided]
        yield Difference(name, person, said[0], said[1], cause, law, (tuple(decided[0]), tuple(decided[1])))


def _then(row: Row) -> str:
    return ", ".join(f"{key} = {value}" for key, value in row.then.items() if value is not None)


def _cause(here: Rulebook, there: Rulebook, pairs: Sequence[Pair]) -> tuple[str, str]:
    """What the municipality (or the other one) did that makes the difference."""
    for found in (_by_row(pairs), _by_figure(here, there, pairs), _by_switch(here, there, pairs)):
        if found:
            return found
    return "another edition", ""


def _by_row(pairs: Sequence[Pair]) -> tuple[str, str] | None:
    apart = [pair for pair in pairs if None in pair or pair[0].then != pair[1].then]  # type: ignore[union-attr]
    rows = [one for pair in apart or pairs for one in pair if one is not None and one.origin]
    return (f"row {rows[0].id}", rows[0].law) if rows else None


def _by_figure(here: Rulebook, there: Rulebook, pairs: Sequence[Pair]) -> tuple[str, str] | None:
    """A figure of either side that one of the rows reads: also of the row that decides for others because of it."""
    for pair in pairs:
        for row in pair:
            for name in row.figures if row is not None else ():
                for book in (here, there):
                    if name in book.figures and book.figures[name].origin:
                        return f"figure {name}", book.figures[name].law
    return None


def _by_switch(here: Rulebook, there: Rulebook, pairs: Sequence[Pair]) -> tuple[str, str] | None:
    ids = {one.id for pair in pairs for one in pair if one is not None}
    for laid in (*here.laid, *there.laid):
        for verb, _name, row_id in laid.changes:
            if verb in CHANGED and row_id in ids:
                return f"row {row_id} {CHANGED[verb]}", laid.law
    return None
