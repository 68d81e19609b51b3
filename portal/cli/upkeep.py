"""Around the pages: schema, worker, what has to be in order before either starts, and official files in."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from portal import settings as configuration
from portal.cli.group import main, municipality_option, now, open_store, ring_or_exit, settings_or_exit
from portal.domain.people import system
from portal.imports import occupations, outlook
from portal.letters import sender
from portal.store import name_lists, outlooks, readiness, schema
from portal.store.database import Unit
from portal.triage.understanding import work
from portal.worker import run as run_worker

MOST_FAULTS = 20  # said of one file


def prepare(settings: configuration.Settings) -> None:
    """The database is there, with the newest schema, and the key ring beside it."""
    file = configuration.sqlite_file(settings.database_url)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    ring = ring_or_exit(settings, may_make=True)
    schema.migrate(settings.owner_url, ring, app_role=app_role(settings))


def app_role(settings: configuration.Settings) -> str:
    """The role the app connects as, when another one owns the tables."""
    return (
        (urlsplit(settings.database_url).username or "")
        if settings.owner_url != settings.database_url
        else ""
    )


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    prepare(settings_or_exit())


def ready_or_exit(settings: configuration.Settings) -> None:
    """Goes on only when the database, its protection and the key ring are as they must be."""

    async def look() -> list[str]:
        store = open_store(settings)
        try:
            return await readiness.trouble(store, demo=settings.demo)
        finally:
            await store.close()

    troubles = asyncio.run(look())
    if troubles:
        click.echo("\n".join(["The portal does not start.", *troubles]), err=True)
        sys.exit(2)


@main.command()
def worker() -> None:
    """Sweep due dates, send letters and extend calendars, until stopped."""
    settings = settings_or_exit()
    ready_or_exit(settings)
    configuration.start_logging(settings.log)

    async def until_stopped() -> None:
        store = open_store(settings)
        stop = asyncio.Event()
        for sign in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
        await run_worker(store, sender(settings), settings.base_url, now, settings.worker_pause, stop)
        await store.close()

    asyncio.run(until_stopped())


@main.command()
def reset() -> None:
    """Throw the demo's SQLite file away."""
    file = configuration.sqlite_file(settings_or_exit().database_url)
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
@municipality_option
def import_outlook(file: Path, municipality: str) -> None:
    """The list of job outlooks (CSV: occupation;title;outlook;valid_on;source;fictional), whole or not at all."""
    try:
        entries, faults = outlook.read(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8 text. Nothing was changed.") from None
    _stop_at(file, faults)
    _take(municipality, lambda unit: outlooks.replace_all(unit, entries))
    click.echo(f"{len(entries)} occupations loaded for municipality {municipality}.")


@import_.command(name="occupations")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@municipality_option
def import_occupations(file: Path, municipality: str) -> None:
    """Official names: Statistics Denmark's DISCO-08 or DB25 (CSV), or ESCO's occupations (CSV), whole or not at all."""
    found, faults = occupations.read(file.read_bytes(), work.occupations())
    _stop_at(file, faults)
    assert found is not None  # noqa: S101 without faults there are names
    _take(municipality, lambda unit: name_lists.replace(unit, found.kind, found.names))
    left = f" {found.unplaced} were left out: DISCO-08 has no such group." if found.unplaced else ""
    click.echo(f"{len(found.names)} names ({found.kind}) loaded for municipality {municipality}.{left}")


def _stop_at(file: Path, faults: Sequence[outlook.Fault]) -> None:
    """Says where a file is broken, and stops before anything is changed."""
    for fault in faults[:MOST_FAULTS]:
        click.echo(f"{file.name}, line {fault.line}: {fault.message}", err=True)
    if len(faults) > MOST_FAULTS:
        click.echo(f"... and {len(faults) - MOST_FAULTS} more.", err=True)
    if faults:
        raise click.ClickException("Nothing was changed.")


def _take(municipality: str, change: Callable[[Unit], Awaitable[None]]) -> None:
    settings = settings_or_exit()

    async def take() -> None:
        store = open_store(settings)
        async with store.writing(system(municipality), now()) as unit:
            await change(unit)
            await unit.commit()
        await store.close()

    asyncio.run(take())
