"""The `portal` command. Words and files in, words and files out; everything it knows it asks of the floors below."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from portal import settings as configuration
from portal.app import start_logging
from portal.demo import load as demo
from portal.domain.calendar import local_date
from portal.domain.errors import DomainError, InvalidError
from portal.domain.people import system
from portal.imports import outlook
from portal.letters import sender
from portal.store import outlooks, schema
from portal.store.database import Store
from portal.triage import proof
from portal.triage.conditions import Judged, PlacementFacts, judge, municipality_code
from portal.triage.dialogue import as_answer, standing
from portal.triage.facts import BENEFITS, CITIZEN, parse_facts
from portal.triage.guarantee import promise
from portal.triage.rulebook import FOLDER, Fault, rulebook_on
from portal.triage.workdays import ClosedDays
from portal.worker import run as run_worker

DEMO_MUNICIPALITY = "740"


def now() -> datetime:
    return datetime.now(UTC)


@click.group()
def main() -> None:
    """A self-service portal for Danish employment services."""


# ------------------------------------------------------------------ one JSON object a line


def _lines(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answers each line of standard input on a line of its own; exit status 1 when any line was bad."""
    bad = False
    for line in _without_blank_end(sys.stdin):
        try:
            given = json.loads(line, parse_float=Decimal)
            if not isinstance(given, dict):
                raise InvalidError("line.object", value=line.strip()[:80])
            reply = json.dumps(answer(given), ensure_ascii=False, default=_plain)
        except DomainError as error:
            bad = True
            facts = ", ".join(f"{key}: {value}" for key, value in error.facts.items())
            reply = _error(error.code, f"{error.code} ({facts})" if facts else error.code)
        except (ValueError, RecursionError) as error:
            bad = True
            reply = _error("line.json", f"this line cannot be read as JSON: {str(error)[:120]}")
        except (OverflowError, TypeError, ArithmeticError) as error:
            bad = True
            reply = _error("line.value", f"a value of this line cannot be worked with: {str(error)[:120]}")
        click.echo(reply.encode("utf-8", "backslashreplace").decode())
    sys.exit(1 if bad else 0)


def _without_blank_end(lines: Iterable[str]) -> Iterator[str]:
    """The lines as they come; blank ones only once something follows them, so that a file may end with some."""
    blank: list[str] = []
    for line in lines:
        if line.strip():
            yield from blank
            blank.clear()
            yield line
        else:
            blank.append(line)


def _error(code: str, message: str) -> str:
    return json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Exact decimals as JSON numbers, days as ISO dates."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _day(given: dict[str, Any], on: datetime | None) -> date:
    """The line's own `today`, else --on, else today in Copenhagen."""
    own = given.get("today")
    if own is None:
        return on.date() if on else local_date(now())
    try:
        return date.fromisoformat(own)
    except (TypeError, ValueError):
        raise InvalidError("line.today", value=str(own)[:40]) from None


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    value = given.get(name)
    if not isinstance(value, dict):
        raise InvalidError("line.missing", field=name)
    return value


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
    "--municipality", default=DEMO_MUNICIPALITY, help="Three-digit municipality code."
)


@main.group()
def triage() -> None:
    """Find din vej: which way fits, from the facts known so far."""


@triage.command()
@_municipality
@_on
def outcome(municipality: str, on: datetime | None) -> None:
    """{"facts": {...}, "declined": [...]} a line in; the outcome, or what is still possible and worth asking, out."""

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        declined = given.get("declined") or []
        if not isinstance(declined, list) or not all(
            isinstance(name, str) and name in CITIZEN for name in declined
        ):
            raise InvalidError("line.declined", value=str(declined)[:80])
        book = rulebook_on(_day(given, on))
        return as_answer(book, standing(book, parse_facts(CITIZEN, _object(given, "facts")), declined))

    _lines(answer)


@main.command()
@_municipality
@_on
def guarantee(municipality: str, on: datetime | None) -> None:
    """{"asked_at": ..., "benefit": ..., "first_conversation": ...} a line in; the promise's dates out."""

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        try:
            asked_at = datetime.fromisoformat(given["asked_at"])
            if asked_at.tzinfo is None:
                raise ValueError
            asked_at = asked_at.astimezone(UTC)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise InvalidError("guarantee.asked_at", value=str(given.get("asked_at"))[:40]) from None
        benefit = given.get("benefit")
        if benefit is not None and benefit not in BENEFITS:
            raise InvalidError(
                "fact.value", fact="benefit", value=str(benefit)[:40], domain=", ".join(BENEFITS)
            )
        first = given.get("first_conversation", False)
        if not isinstance(first, bool):
            raise InvalidError(
                "fact.value", fact="first_conversation", value=str(first)[:40], domain="true, false"
            )
        book = rulebook_on(_day(given, on))
        closed = ClosedDays()
        due = promise(asked_at, book=book, benefit=benefit, first_conversation=first, closed=closed).due
        return {
            "guarantee_days": due.guarantee_days,
            "due_on": due.due_on.isoformat(),
            "latest_bookable": due.latest_bookable.isoformat() if due.latest_bookable else None,
        }

    _lines(answer)


@main.group()
def employer() -> None:
    """A company's request."""


@employer.command()
@_municipality
@_on
def check(municipality: str, on: datetime | None) -> None:
    """{"request": {...}, "today": ...} a line in; every condition, the desk and the earliest start out."""

    def answer(given: dict[str, Any]) -> dict[str, Any]:
        today = _day(given, on)
        where = municipality_code(given.get("municipality") or municipality)
        request = PlacementFacts.parse(_object(given, "request"), where)
        found = judge(rulebook_on(today), request, today, ClosedDays())
        return {
            "conditions": {name: _condition(one) for name, one in found.conditions.items()},
            "desk": {"id": found.desk.id, "team": found.desk.team, "forward_to": found.desk.forward_to},
            "earliest_start": found.earliest_start.isoformat(),
        }

    _lines(answer)


def _condition(one: Judged) -> dict[str, Any]:
    answer = {
        "result": one.result,
        "figures": one.figures,
        "law": one.law,
        "confidence": one.confidence,
        "why": one.why,
    }
    return answer | ({"missing": list(one.missing)} if one.missing else {})


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
