"""Rulebooks tried from outside the pages: one JSON object a line in and out, and the proof."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path

import click

from portal.cli.group import main, municipality_option, now, on_option
from portal.cli.keeping import places, with_store
from portal.domain.calendar import local_date
from portal.store import rule_layers
from portal.store.database import Store
from portal.triage import machine, proof
from portal.triage.people import in_words
from portal.triage.rulebook import Fault
from portal.triage.shelf import built_in_shelf
from portal.triage.source import municipalities

# ------------------------------------------------------------------ one JSON object a line


def _answer(answer: machine.Answer) -> None:
    """Answers each line of standard input on a line of its own; exit status 1 when any line was bad."""
    bad = False
    for reply in machine.replies(sys.stdin, answer):
        bad |= reply.bad
        click.echo(reply.line)
    sys.exit(1 if bad else 0)


def _today(on: datetime | None) -> date:
    return on.date() if on else local_date(now())


@main.group()
def triage() -> None:
    """Find din vej: which way fits, from the facts known so far."""


@triage.command()
@municipality_option
@on_option
def outcome(municipality: str, on: datetime | None) -> None:
    """{"facts": {...}, "declined": [...]} a line in; the outcome, or what is still possible and worth asking, out."""
    _answer(lambda given: machine.triage_outcome(given, _today(on), municipality))


@triage.command()
@municipality_option
@on_option
def understand(municipality: str, on: datetime | None) -> None:
    """{"question": ..., "lang": "da" or "en", "text": ...} a line in; the facts understood, and what may have been meant, out."""
    _answer(lambda given: machine.triage_understand(given, _today(on), municipality))


@main.command()
@municipality_option
@on_option
def guarantee(municipality: str, on: datetime | None) -> None:
    """{"asked_at": ..., "benefit": ..., "first_conversation": ...} a line in; the promise's dates out."""
    _answer(lambda given: machine.guarantee(given, _today(on), municipality))


@main.group()
def employer() -> None:
    """A company's request."""


@employer.command()
@municipality_option
@on_option
def check(municipality: str, on: datetime | None) -> None:
    """{"request": {...}, "today": ...} a line in; every condition, the desk and the earliest start out."""
    _answer(lambda given: machine.employer_check(given, _today(on), municipality))


# ------------------------------------------------------------------ rulebooks


@main.group()
def rules() -> None:
    """Rulebooks."""


@rules.command(name="check")
@click.argument("folder", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a fault.")
@click.option(
    "--all", "every", is_flag=True, help="Also what is no fault: overlaps where order alone decides."
)
@click.option(
    "--published", is_flag=True, help="What the municipalities served here have published themselves."
)
@on_option
def rules_check(
    folder: Path | None, as_json: bool, every: bool, published: bool, on: datetime | None
) -> None:
    """Reads and proves every rulebook in FOLDER, or the built-in ones and what holds in each municipality; exit status 1
    when one has a fault. Each is proved for every day on which something in it changes."""
    day = _today(on)
    found = _of_folder(folder) if folder else _of_published(day) if published else _of_built_in(day)
    if not found:
        raise click.ClickException(f"{folder} holds no rulebook (*.toml).")
    failed = False
    for name, faults in found:
        wrong = [fault for fault in faults if not fault.information]
        failed |= bool(wrong)
        for fault in faults if every else wrong:
            click.echo(_fault(name, fault, as_json))
        if not wrong and not as_json:
            click.echo(f"ok  {name}")
    sys.exit(1 if failed else 0)


def _of_folder(folder: Path) -> list[tuple[str, list[Fault]]]:
    files = sorted(folder.rglob("*.toml")) if folder.is_dir() else [folder]
    found = []
    for path in files:
        stamp, faults = proof.check_file(path)
        found.append((f"{path.name}: {stamp}", faults))
    return found


def _of_built_in(day: date) -> list[tuple[str, list[Fault]]]:
    shelf = built_in_shelf()
    found = [("published.toml: what was published stands as it was", proof.changed_since_published())]
    for one in (*shelf.national, *shelf.layers):
        name = f"{one.name}: {one.content.get('id')} {one.municipality} {one.version} {one.hash[:12]}"
        found.append((name, proof.check(one, shelf)))
    for code, place in municipalities().items():
        stamp = shelf.in_force(code, day).stamp
        faults = proof.check_municipality(shelf, code, day)
        found.append((f"{code} {place}: {stamp['id']} {stamp['version']} {stamp['hash'][:12]}", faults))
    return found


def _of_published(day: date) -> list[tuple[str, list[Fault]]]:
    """What holds in each municipality of the database, its own published layers with it."""

    async def work(store: Store) -> list[tuple[str, list[Fault]]]:
        found = []
        for place in await places(store, None):
            async with store.reading(place.code) as reader:
                shelf = await rule_layers.published(reader)
            stamp = shelf.in_force(place.code, day).stamp
            faults = proof.check_municipality(shelf, place.code, day)
            found.append(
                (f"{place.code} {place.name}: {stamp['id']} {stamp['version']} {stamp['hash'][:12]}", faults)
            )
        return found

    return with_store(work)


def _fault(name: str, fault: Fault, as_json: bool) -> str:
    file = fault.file or name.split(":")[0]
    kind = ("note" if fault.information else "FAULT") if not as_json else fault.kind
    if as_json:
        found = {"file": file, "line": fault.line, "table": fault.table, "row": fault.row, "kind": kind,
                 "message": fault.message, "person": dict(fault.person) or None, "day": fault.day}  # fmt: skip
        return json.dumps(found, ensure_ascii=False, default=str)
    person = in_words(fault.person, built_in_shelf().in_force("", date.max).words)
    line = f":{fault.line}" if fault.line else ""
    where = f"{file}{line}: {fault.table} {fault.row}".rstrip()
    day = f" (from {fault.day})" if fault.day else ""
    return f"{kind} {where}: {fault.kind}: {fault.message}{day}" + (
        f" [for example: {person}]" if person else ""
    )
