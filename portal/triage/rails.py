"""The guard rails (hegnspæle, DOMAIN section 5): what no rulebook may change, each checked and shown on a person.

Two of the eight are proved elsewhere: rail.complete by the proof of gaps and reach, and rail.facts where conditions are read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from portal.triage import facts
from portal.triage.kinds import kinds, not_of_kind
from portal.triage.lines import At
from portal.triage.phrases import nearest
from portal.triage.rulebook import FOLDER, LANGUAGES, TABLES, Fault, Rulebook
from portal.triage.table import Box, Row, Table, cut

MAY_DECIDE: Mapping[str, set[str]] = {
    "route": {"route", "track"},
    "team": {"team"},
    "contact": {"contact_interval_days"},
    "offer": {"offer"},
    "guarantee": {"guarantee_days"},
    "akasse": {"notice"},
    "talks": {"talks", "weeks", "by"},
    "desk": {"team", "forward"},
}
MUST_DECIDE = {name: min(keys) for name, keys in MAY_DECIDE.items()} | {
    "route": "route",
    "desk": "team",
    "talks": "talks",
}
CONDITION_MAY = {"result", "exempt"}


@cache
def figures() -> Mapping[str, Any]:
    """The rails' own figures."""
    return tomllib.loads((FOLDER / "rails.toml").read_text(encoding="utf-8"))


def broken_rails(book: Rulebook, promise: Rulebook | None) -> Iterator[Fault]:
    """Every rail the rulebook breaks. `promise` is the rulebook that may not be promised less than."""
    yield from _effect(book)
    yield from _person_first(book)
    yield from _contact(book, promise)
    yield from _complaint(book, promise)
    yield from _confidence(book)
    yield from _days(book)
    yield from _kinds(book, promise)
    if promise is not None:
        yield from _guarantee(book, promise)


def _at(row: Row, fault: Fault) -> Fault:
    return replace(fault, file=row.at.file, line=row.at.line) if isinstance(row.at, At) else fault


def _somebody(table: Table, row: Row) -> dict[str, facts.Value]:
    """A person the row decides for, or who at least meets it."""
    decided = next(boxes for own, boxes in table.split(table.start({}))[0] if own is row)
    box: Box = decided[0] if decided else table.boxes[table.rows.index(row)]
    return table.person(box) if all(box) else {}


def _effect(book: Rulebook) -> Iterator[Fault]:
    """An outcome names a route, team, track, interval or offer; never a benefit, a sanction or a refusal."""
    for name, table in book.tables.items():
        for row in table.rows:
            for key, value in row.then.items():
                wrong = _wrong_effect(name, key, value)
                if wrong:
                    kind, message = wrong
                    yield _at(row, Fault(name, row.id, kind, message, _somebody(table, row)))
            if row.then.get(MUST_DECIDE[name]) is None:
                message = f"write then.{MUST_DECIDE[name]}: the row decides nothing"
                yield _at(row, Fault(name, row.id, "missing", message))
    for condition in book.conditions:
        for row in condition.table.rows:
            for key in set(row.then) - CONDITION_MAY:
                yield _at(row, Fault(condition.id, row.id, "rail.effect", f"a row may not decide {key}"))


def _wrong_effect(table: str, key: str, value: Any) -> tuple[str, str] | None:
    if key not in MAY_DECIDE[table]:
        allowed = ", ".join(sorted(MAY_DECIDE[table]))
        return "rail.effect", f"a row of {table} may not decide {key}; it may decide {allowed}"
    if key == "route" and value not in facts.ROUTES:
        return "unknown_value", f"{value} is no route; write one of: {', '.join(facts.ROUTES)}"
    if key == "track" and value not in facts.TRACKS:
        return "unknown_value", f"{value} is no track; write one of: {', '.join(facts.TRACKS)}"
    return None


def _person_first(book: Rulebook) -> Iterator[Fault]:
    rail, rows = figures()["person"], book.tables["route"].rows
    wants: dict[str, facts.Value] = {"wants_person": True}
    if not rows or rows[0].id != rail["row"] or rows[0].when != {"wants_person": {"equal": True}}:
        message = f"{rail['row']} must be the first row, for everybody who wants a person"
        first = rows[0].id if rows else ""
        yield Fault("route", first, "rail.person", message, wants)
    elif rows[0].then.get("route") != rail["route"]:
        message = f"{rail['row']} must lead to {rail['route']}"
        yield _at(rows[0], Fault("route", rail["row"], "rail.person", message, wants))


def _contact(book: Rulebook, promise: Rulebook | None) -> Iterator[Fault]:
    rail, table = figures()["contact"], book.tables["contact"]
    for row in table.rows:
        days = row.then.get("contact_interval_days")
        fits = isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= rail["most_days"]
        if days != "none" and not fits:
            message = f"an interval is 1 to {rail['most_days']} days, or none; this is {days}"
            yield _at(row, Fault("contact", row.id, "rail.contact", message, _somebody(table, row)))
    routes = book.tables["route"]
    for row in routes.rows:
        about: dict[str, facts.Value] = {
            "route": str(row.then.get("route")),
            "track": str(row.then.get("track") or "none"),
        }
        if about["route"] not in facts.ROUTES or about["track"] not in (*facts.TRACKS, "none"):
            continue
        found = table.first(about)
        if found and found.then.get("contact_interval_days") == "none":
            person = _somebody(routes, row) if row.id != rail["none_for"] else _unlike(book, promise, row)
            if person is not None:
                message = f"only whom the law's {rail['none_for']} is about may go without an interval; {found.id} gives none to this person"
                yield _at(row, Fault("route", row.id, "rail.contact", message, person))


def _unlike(book: Rulebook, promise: Rulebook | None, row: Row) -> dict[str, facts.Value] | None:
    """Somebody that `row` decides for, and the row of the same name in `promise` does not; None when there is nobody."""
    theirs = promise.tables["route"] if promise is not None else book.tables["route"]
    own = next((one for one in theirs.rows if one.id == row.id), None)
    if own is None or own.when == row.when:
        return None
    mine = book.tables["route"]
    joint = Table([*mine.rows, own], TABLES["route"])
    wanted = joint.boxes[-1]
    for one, boxes in joint.split(joint.start({}))[0]:
        for box in boxes if one is row else ():
            hits: list[Box] = []
            rest: list[Box] = []
            cut(box, wanted, hits, rest)
            if rest:
                return joint.person(rest[0])
    return None


def _complaint(book: Rulebook, promise: Rulebook | None) -> Iterator[Fault]:
    """The guidance stands, in every language, and says to whom and within which time."""
    texts = book.complaint.texts.get("text", {})
    for lang in LANGUAGES:
        for figure in ("complaint.weeks", "complaint.reassess_weeks"):
            if "{" + figure + "}" not in texts.get(lang, ""):
                message = f"text.{lang} must say {{{figure}}}"
                yield Fault("complaint", "complaint", "rail.complaint", message)
    if promise is not None:
        for name in ("complaint.weeks", "complaint.reassess_weeks"):
            mine, theirs = book.figures.get(name), promise.figures.get(name)
            if mine and theirs and mine.value != theirs.value:
                message = f"{name} is {theirs.value} by law and stands as {mine.value}"
                yield Fault("complaint", name, "rail.complaint", message)


def _confidence(book: Rulebook) -> Iterator[Fault]:
    """A figure nobody has read in a source cannot make a rule sure, and what a municipality sets is its own promise."""
    for name, row in book.rows():
        if row.origin and row.confidence == "verified":
            message = "a municipality's own row is policy or unverified, never verified"
            yield _at(row, Fault(name, row.id, "rail.confidence", message))
    for figure in book.figures.values():
        if figure.origin and figure.confidence == "verified":
            message = "a municipality's own figure is policy or unverified, never verified"
            yield Fault("figure", figure.name, "rail.confidence", message)


def _days(book: Rulebook) -> Iterator[Fault]:
    for row in book.tables["guarantee"].rows:
        days = row.then.get("guarantee_days")
        if not isinstance(days, int) or isinstance(days, bool) or days < 1:
            message = f"{days!r} is no number of days from 1 up"
            yield _at(row, Fault("guarantee", row.id, "unknown_value", message))


def _kinds(book: Rulebook, promise: Rulebook | None) -> Iterator[Fault]:
    """What rows decide is of its kind; and every team is one the law's rulebook names, so that somebody is there."""
    declared = kinds()["then"]
    teams = {
        str(row.then.get("team")) for name in ("team", "desk") for row in (promise or book).tables[name].rows
    }
    for name, table in book.tables.items():
        for row in table.rows:
            for key, kind in declared.get(name, {}).items():
                if key not in row.then and (kind["kind"] == "flag" or key not in MAY_DECIDE[name]):
                    continue
                if wrong := not_of_kind(row.then.get(key), kind):
                    yield _at(row, Fault(name, row.id, "unknown_value", f"then.{key} {wrong}"))
            if name in ("team", "desk") and str(row.then.get("team")) not in teams:
                message = (
                    f"there is no team {row.then.get('team')}{nearest(str(row.then.get('team')), teams)}"
                )
                yield _at(row, Fault(name, row.id, "unknown_value", message))
    for condition in book.conditions:
        for row in condition.table.rows:
            if not isinstance(row.then.get("exempt", False), bool):
                yield _at(
                    row, Fault(condition.id, row.id, "unknown_value", "then.exempt must be true or false")
                )


def _guarantee(book: Rulebook, promise: Rulebook) -> Iterator[Fault]:
    """Nobody waits longer than under `promise`, tried over every cell the two tables tell apart."""
    mine, theirs = book.tables["guarantee"], promise.tables["guarantee"]
    both = Table([*mine.rows, *theirs.rows], TABLES["guarantee"])
    for person in both.everybody():
        row, before = mine.first(person), theirs.first(person)
        if row is None or before is None:
            continue
        days, most = row.then.get("guarantee_days"), before.then.get("guarantee_days")
        if isinstance(days, int) and isinstance(most, int) and days > most:
            message = f"{days} days is longer than the promised {most}"
            yield _at(row, Fault("guarantee", row.id, "rail.guarantee", message, person))
            return
