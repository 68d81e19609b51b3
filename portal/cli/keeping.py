"""Keeping what is entrusted to the portal: keys, and proof that the journal is whole."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO, TypeVar

import click

from portal.cli.group import code_option, main, now, open_store, settings_or_exit
from portal.store import rotation, verification
from portal.store.database import Store
from portal.store.keys import KeyRingError, new_ring
from portal.store.tables import Municipality
from portal.store.verification import Anchor

Result = TypeVar("Result")
_one_municipality = click.option(
    "--municipality",
    default=None,
    callback=code_option,
    help="Three-digit code (default: every municipality).",
)


def with_store(work: Callable[[Store], Awaitable[Result]]) -> Result:
    """Carries out `work` on the store the settings name."""

    async def run() -> Result:
        store = open_store(settings_or_exit())
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


async def places(store: Store, code: str | None) -> list[Municipality]:
    """The municipalities meant: the one named, or all."""
    found = [place for place in await store.municipalities() if code in (None, place.code)]
    if not found:
        raise click.ClickException(
            f"Municipality {code} is not served here." if code else "No municipality yet."
        )
    return found


# ------------------------------------------------------------------ keys


@main.group()
def keys() -> None:
    """The key ring that seals CPR numbers and sensitive data."""


@keys.command(name="new")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def keys_new(file: Path) -> None:
    """Make a key ring for an empty database. Keep a copy of it apart from the backups."""
    try:
        new_ring(file)
    except KeyRingError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file} is a new key ring. Keep a copy apart from the backups: without it the data are lost.")


@keys.command(name="rotate")
@click.option("--resume", is_flag=True, help="Go on where an earlier rotation was stopped; no new key.")
def keys_rotate(resume: bool) -> None:
    """A new key from now on, and everything sealed anew with it. May be stopped and resumed, the portal running."""

    async def work(store: Store) -> None:
        name = store.ring.names[-1] if resume else store.ring.add_key()
        for place in await places(store, None):
            await rotation.mark(store, place.code, name, now())
        store.ring.use(name)
        click.echo(f"Sealing with {name}.")
        for place in await places(store, None):
            done = await rotation.seal_anew(store, place.code, now())
            click.echo(f"{place.name}: {done} rows sealed anew.")
        older = [name for name in store.ring.names if name != store.ring.current]
        click.echo(f"Keys no longer needed may go: portal keys drop {' '.join(older)}" if older else "Done.")

    with_store(work)


@keys.command(name="drop")
@click.argument("names", nargs=-1, required=True)
def keys_drop(names: tuple[str, ...]) -> None:
    """Take keys nothing is sealed with any more off the ring. Backups made before need them still."""

    async def work(store: Store) -> None:
        for name in names:
            for place in await places(store, None):
                if not await rotation.forget(store, place.code, name, now()):
                    raise click.ClickException(
                        f"{place.name} still has rows under an older key. Run: portal keys rotate --resume"
                    )
            try:
                store.ring.drop(name)
            except KeyRingError as error:
                raise click.ClickException(str(error)) from None
            click.echo(f"{name} is off the ring.")

    with_store(work)


# ------------------------------------------------------------------ the journal, and everything sealed


@main.group()
def journal() -> None:
    """The journal: what happened, as a chain."""


@journal.command(name="head")
@_one_municipality
def journal_head(municipality: str | None) -> None:
    """The newest line's number and hash, one JSON object a municipality. Kept elsewhere, it shows a tail cut off later."""

    async def work(store: Store) -> None:
        for place in await places(store, municipality):
            async with store.reading(place.code) as reader:
                found = await verification.head(reader)
            line = {"municipality": found.municipality, "number": found.number, "hash": found.hash}
            click.echo(json.dumps({**line, "at": now().isoformat(timespec="seconds")}))

    with_store(work)


@main.command()
@_one_municipality
@click.option(
    "--anchor", type=click.File(encoding="utf-8"), help="What `portal journal head` printed earlier."
)
def verify(municipality: str | None, anchor: TextIO | None) -> None:
    """Journal, sealed values and keys: whole or not. Exit status 1 names the first bad row."""
    anchors = _anchors(anchor.read().splitlines()) if anchor else {}

    async def work(store: Store) -> bool:
        bad = False
        for place in await places(store, municipality):
            async with store.reading(place.code) as reader:
                findings = await verification.verify(reader, anchors.get(place.code))
                newest = await verification.head(reader)
            for one in findings:
                line = f" line {one.line}" if one.line else ""
                click.echo(f"BAD  {place.code} {one.kind}{line} {one.row}: {one.message}")
            if not findings:
                click.echo(f"ok   {place.code} {place.name}: {newest.number} journal lines")
            bad = bad or bool(findings)
        return bad

    sys.exit(1 if with_store(work) else 0)


def _anchors(lines: list[str]) -> dict[str, Anchor]:
    try:
        found = [json.loads(line) for line in lines if line.strip()]
        return {
            one["municipality"]: Anchor(one["municipality"], int(one["number"]), one["hash"]) for one in found
        }
    except (ValueError, KeyError, TypeError):
        raise click.ClickException("The anchor file is not what `portal journal head` prints.") from None
