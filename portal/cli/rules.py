"""Rulebooks tried from outside the pages: one JSON object a line in and out, and the proof."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path

import click

from portal.cli.group import main, municipality_option, now, on_option
from portal.domain.calendar import local_date
from portal.triage import machine, proof
from portal.triage.reader import rulebook_on
from portal.triage.rulebook import FOLDER, Fault

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
    _answer(lambda given: machine.triage_outcome(given, _today(on)))


@main.command()
@municipality_option
@on_option
def guarantee(municipality: str, on: datetime | None) -> None:
    """{"asked_at": ..., "benefit": ..., "first_conversation": ...} a line in; the promise's dates out."""
    _answer(lambda given: machine.guarantee(given, _today(on)))


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
@click.argument("folder", type=click.Path(exists=True, path_type=Path), default=FOLDER / "national")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a fault.")
@on_option
def rules_check(folder: Path, as_json: bool, on: datetime | None) -> None:
    """Reads and proves every rulebook in FOLDER (default: the built-in ones); exit status 1 when one has a fault."""
    day = on.date() if on else local_date(now())
    files = sorted(folder.rglob("*.toml")) if folder.is_dir() else [folder]
    if not files:
        raise click.ClickException(f"{folder} holds no rulebook (*.toml).")
    failed = False
    for path in files:
        name, faults = proof.check_file(path, day, promise=rulebook_on(day))
        failed |= bool(faults)
        for fault in faults:
            click.echo(_fault(path, fault, as_json))
        if not faults and not as_json:
            click.echo(f"ok  {path.name}: {name}")
    if not as_json:
        click.echo("Not proved yet: " + "; ".join(proof.NOT_PROVED) + ".")
    sys.exit(1 if failed else 0)


def _fault(path: Path, fault: Fault, as_json: bool) -> str:
    found = {"file": path.name, "table": fault.table, "row": fault.row, "kind": fault.kind, "message": fault.message,
             "person": dict(fault.person) or None}  # fmt: skip
    if as_json:
        return json.dumps(found, ensure_ascii=False, default=str)
    person = ", ".join(f"{key} = {value}" for key, value in fault.person.items())
    where = f"{path.name}: {fault.table} {fault.row}".rstrip()
    return f"FAULT {where}: {fault.kind}: {fault.message}" + (f" [for example: {person}]" if person else "")
