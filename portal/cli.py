"""The `portal` command. Words and files in, words and files out; everything it knows it asks of the floors below."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from portal import settings as configuration
from portal.app import start_logging
from portal.demo import load as demo
from portal.domain.calendar import local_date
from portal.domain.errors import InvalidError
from portal.domain.people import system
from portal.imports import outlook
from portal.letters import sender
from portal.store import outlooks, schema
from portal.store.database import Store
from portal.triage import machine, proof
from portal.triage.conditions import municipality_code
from portal.triage.reader import rulebook_on
from portal.triage.rulebook import FOLDER, Fault
from portal.worker import run as run_worker

DEMO_MUNICIPALITY = "740"


def now() -> datetime:
    return datetime.now(UTC)


@click.group()
def main() -> None:
    """A self-service portal for Danish employment services."""


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


def _code_option(_context: click.Context, _option: click.Parameter, code: str) -> str:
    try:
        return municipality_code(code)
    except InvalidError:
        raise click.BadParameter(
            f"{code} is no municipality code; write three digits, for example 740."
        ) from None


_on = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="The day the rules are read on (default: today)."
)
_municipality = click.option(
    "--municipality", default=DEMO_MUNICIPALITY, callback=_code_option, help="Three-digit municipality code."
)


@main.group()
def triage() -> None:
    """Find din vej: which way fits, from the facts known so far."""


@triage.command()
@_municipality
@_on
def outcome(municipality: str, on: datetime | None) -> None:
    """{"facts": {...}, "declined": [...]} a line in; the outcome, or what is still possible and worth asking, out."""
    _answer(lambda given: machine.triage_outcome(given, _today(on)))


@main.command()
@_municipality
@_on
def guarantee(municipality: str, on: datetime | None) -> None:
    """{"asked_at": ..., "benefit": ..., "first_conversation": ...} a line in; the promise's dates out."""
    _answer(lambda given: machine.guarantee(given, _today(on)))


@main.group()
def employer() -> None:
    """A company's request."""


@employer.command()
@_municipality
@_on
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
@_on
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


# ------------------------------------------------------------------ running the portal


def _settings() -> configuration.Settings:
    try:
        return configuration.read(os.environ)
    except configuration.SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def _prepare(settings: configuration.Settings) -> None:
    """The database is there, with the newest schema."""
    file = configuration.sqlite_file(settings.database_url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    schema.migrate(settings.database_url)


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    _prepare(_settings())


@main.command(name="load-demo")
def load_demo() -> None:
    """Load the fictional demo municipality, once."""
    settings = _settings()

    async def load() -> bool:
        store = Store(settings.database_url)
        try:
            if await demo.is_loaded(store):
                return False
            await demo.load(store, now())
            return True
        finally:
            await store.close()

    click.echo(
        "The demo municipality is loaded."
        if asyncio.run(load())
        else "The demo municipality is there already."
    )


def _port_is_free(settings: configuration.Settings) -> None:
    """Two portals on one port would share its visitors: the second one says so instead."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). Stop what uses it, or "
                "choose another one: PORTAL_PORT=8080."
            ) from None


@main.command()
def serve() -> None:
    """Serve the portal."""
    settings = _settings()
    _port_is_free(settings)
    server = Granian(
        "portal.app:from_environment",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        factory=True,
        websockets=False,
        log_access=False,
        log_level=LogLevels.warning,
        http=HTTPModes.http1,
        workers_kill_timeout=10,
    )
    server.serve()


@main.command()
def worker() -> None:
    """Sweep due dates, send letters and extend calendars, until stopped."""
    settings = _settings()
    start_logging(settings.log)

    async def work() -> None:
        store = Store(settings.database_url)
        stop = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        await run_worker(store, sender(settings), settings.base_url, now, settings.worker_pause, stop)
        await store.close()

    asyncio.run(work())


@main.command()
@click.pass_context
def run(context: click.Context) -> None:
    """The whole demo at once: database, demo municipality, app and worker in one process."""
    os.environ.setdefault("PORTAL_WORKER_INLINE", "1")
    settings = _settings()
    _prepare(settings)
    context.invoke(load_demo)
    click.echo(f"\n  {settings.base_url}/silkeborg\n")
    click.echo(
        "  Log in as Amina or Birger (citizen), Bo (employer), Clara (company team), Rikke (reception),"
    )
    click.echo(
        "  Tove (team lead), Anders (auditor) or Ada (administrator): choose a name on the login page."
    )
    click.echo("  Everybody is fictional. Stop with Ctrl+C.\n")
    context.invoke(serve)


@main.command()
def reset() -> None:
    """Throw the demo's SQLite file away."""
    file = configuration.sqlite_file(_settings().database_url)
    if file is None:
        raise click.ClickException(
            "reset only throws an SQLite file away; drop a PostgreSQL database yourself."
        )
    for name in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        name.unlink(missing_ok=True)
    click.echo("The demo's data is gone; the next start loads it afresh.")


@main.group(name="import")
def import_() -> None:
    """Official files in."""


@import_.command(name="outlook")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_municipality
def import_outlook(file: Path, municipality: str) -> None:
    """The list of job outlooks (CSV: occupation;title;outlook;valid_on;source;fictional), whole or not at all."""
    settings = _settings()
    try:
        entries, faults = outlook.read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8 text. Nothing was changed.") from None
    if faults:
        for fault in faults:
            click.echo(f"{file.name}, line {fault.line}: {fault.message}", err=True)
        raise click.ClickException("Nothing was changed.")

    async def take() -> None:
        store = Store(settings.database_url)
        async with store.writing(system(municipality), now()) as unit:
            await outlooks.replace_all(unit, entries)
            await unit.commit()
        await store.close()

    asyncio.run(take())
    click.echo(f"{len(entries)} occupations loaded for municipality {municipality}.")
