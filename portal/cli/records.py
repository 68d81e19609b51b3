"""What is kept, and what must go: backup and restore, erasure, retention, statistics."""

from __future__ import annotations

import json
from pathlib import Path

import click

from portal.cli.group import code_option, main, municipality_option, now, settings_or_exit
from portal.cli.keeping import places, with_store
from portal.domain.calendar import local_date
from portal.domain.errors import NotFoundError, RefusedError
from portal.domain.identity import cpr_number
from portal.domain.people import system
from portal.store import backup as backups
from portal.store import ledger, persons, queue, retention, statistics
from portal.store.backup import BackupError
from portal.store.database import Store

_one_municipality = click.option(
    "--municipality",
    default=None,
    callback=code_option,
    help="Three-digit code (default: every municipality).",
)


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Everything as it stands now into FILE, while the portal goes on. Sealed data stay sealed: keep the key ring too."""

    async def work(store: Store) -> None:
        try:
            manifest = await backups.make(store, file, now())
        except BackupError as error:
            raise click.ClickException(str(error)) from None
        rows = sum(table["rows"] for place in manifest["places"].values() for table in place.values())
        click.echo(f"{file}: {len(manifest['municipalities'])} municipalities, {rows} rows.")

    with_store(work)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """The backup in FILE into an empty database; then everybody who was erased since is erased again."""
    settings = settings_or_exit()
    erased = _read_ledger(settings.ledger_file)

    async def work(store: Store) -> None:
        try:
            manifest = await backups.restore(store, file, now())
        except BackupError as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"Restored {len(manifest['municipalities'])} municipalities as of {manifest['made_at']}.")
        click.echo("Everybody is logged out. Letters that waited then are marked uncertain: look at them.")
        for one in await backups.to_check(store, local_date(now())):
            click.echo(
                f"{one.municipality}: {one.helpers} helpers and {one.staff} members of staff have access as they had then. "
                "Check whether any has ended since."
            )
        await _erase_again(store, settings.ledger_file, erased)
        click.echo("Now run: portal verify")

    with_store(work)


def _read_ledger(file: Path) -> list[ledger.Entry]:
    """Read whole before anything is changed: a broken line stops here."""
    try:
        return list(ledger.read(file))
    except ledger.LedgerError as error:
        raise click.ClickException(str(error)) from None


async def _erase_again(store: Store, file: Path, entries: list[ledger.Entry]) -> None:
    if not file.exists():
        click.echo(
            f"NOBODY WAS ERASED AGAIN: there is no ledger at {file}. If anybody was erased since the backup, put the ledger "
            "there (PORTAL_LEDGER_FILE) and run: portal erase --replay"
        )
        return
    click.echo(f"Erased again: {await replay(store, entries)} of {len(entries)} in {file}.")


async def replay(store: Store, entries: list[ledger.Entry]) -> int:
    """Everybody in the ledger who is back is erased again; gives how many."""
    served = {place.code for place in await store.municipalities()}
    again = 0
    for entry in entries:
        if entry.municipality in served:
            async with store.writing(system(entry.municipality), now()) as unit:
                try:
                    await persons.erase(unit, entry.kind, entry.person_id, even_open=True)
                except NotFoundError:
                    continue
                await unit.commit()
            again += 1
    return again


@main.command()
@municipality_option
@click.option("--kind", type=click.Choice([persons.CITIZEN, persons.COMPANY_USER]), default=persons.CITIZEN)
@click.option(
    "--id", "person_id", default=None, help="The person's own id; without it the CPR number is asked for."
)
@click.option("--replay", "again", is_flag=True, help="Erase again everybody in the ledger who is back.")
def erase(municipality: str, kind: str, person_id: str | None, again: bool) -> None:
    """Erase everything about one person. The journal's lines and the months' numbers stay."""
    settings = settings_or_exit()
    if again:
        entries = _read_ledger(settings.ledger_file)
        with_store(lambda store: _erase_again(store, settings.ledger_file, entries))
        return

    async def work(store: Store) -> None:
        who = person_id or await _by_number(store, municipality)
        at = now()
        async with store.writing(system(municipality), at) as unit:
            try:
                gone = await persons.erase(unit, kind, who)
            except NotFoundError:
                raise click.ClickException("There is no such person in this municipality.") from None
            except RefusedError:
                raise click.ClickException(
                    "A conversation or a case of theirs is still open. Close it first; nothing was erased."
                ) from None
            ledger.add(settings.ledger_file, ledger.Entry(municipality, kind, who, at))
            await unit.commit()
        click.echo("Erased: " + ", ".join(f"{count} {name}" for name, count in gone.items() if count))

    with_store(work)


async def _by_number(store: Store, municipality: str) -> str:
    """Asked for on the terminal, so that it stands in no shell's history."""
    number = cpr_number(click.prompt("CPR number", hide_input=True))
    if number is None:
        raise click.ClickException("That is not a CPR number: ten digits that begin with a date.")
    async with store.reading(municipality) as reader:
        found = await queue.citizens_with_number(reader, number)
    if not found:
        raise click.ClickException("There is no such person in this municipality.")
    return found[0][0]


@main.command(name="retention")
@_one_municipality
@click.option("--dry-run", is_flag=True, help="Only say how much would go.")
def apply_retention(municipality: str | None, dry_run: bool) -> None:
    """Delete or empty what may be kept no longer, by kind of data. Run it daily."""

    async def work(store: Store) -> None:
        for place in await places(store, municipality):
            if dry_run:
                async with store.reading(place.code) as reader:
                    found = await retention.due(reader, now())
            else:
                async with store.writing(system(place.code), now()) as unit:
                    found = await retention.apply(unit)
                    await unit.commit(unnoted=True)
            click.echo(f"{place.code} {place.name}{' (dry run)' if dry_run else ''}")
            for rule in retention.RULES:
                does = "empty" if rule.empties else "delete"
                click.echo(
                    f"  {found[rule.name]:>6}  {rule.data:<10} {does:<6} after {rule.days:>5} days: {rule.name}"
                )

    with_store(work)


@main.command(name="statistics")
@_one_municipality
def show_statistics(municipality: str | None) -> None:
    """How many of what in which month, one JSON object a line; numbers below five are withheld."""

    async def work(store: Store) -> None:
        for place in await places(store, municipality):
            async with store.reading(place.code) as reader:
                counted = await statistics.months(reader)
            for (month, what), count in sorted(counted.items()):
                shown = count if count >= statistics.FEWEST else None
                click.echo(
                    json.dumps({"municipality": place.code, "month": month, "what": what, "count": shown})
                )

    with_store(work)
