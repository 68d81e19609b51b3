"""Municipalities: taking one into service from a file that says all about it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from portal.cli.group import main, now
from portal.cli.keeping import with_store
from portal.domain.errors import InvalidError
from portal.domain.people import system
from portal.store import journal
from portal.store.database import Store
from portal.store.tables import Municipality, Team
from portal.triage.conditions import municipality_code

_TEXTS = ("slug", "name", "phone", "email", "address")


@main.group()
def municipality() -> None:
    """Municipalities this installation serves."""


@municipality.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def add(file: Path) -> None:
    """Take a municipality into service from FILE (TOML, see docs/operation.md), whole or not at all."""
    try:
        row, teams = _read(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, InvalidError, ValueError) as error:
        raise click.ClickException(f"{file}: {error}. Nothing was changed.") from None

    async def work(store: Store) -> None:
        served = await store.municipalities()
        if any(row.code == one.code or row.slug == one.slug for one in served):
            raise click.ClickException(f"{row.name} ({row.code}, {row.slug}) is served already.")
        await store.found_municipality(row, system(row.code), now())
        async with store.writing(system(row.code), now()) as unit:
            for team in teams:
                unit.add(team)
            journal.note(unit, "place.changed", "municipality", row.code)
            await unit.commit()

    with_store(work)
    click.echo(
        f"{row.name} is served at /{row.slug}, with {len(teams)} teams. Staff come in by their own login."
    )


def _read(said: dict[str, Any]) -> tuple[Municipality, list[Team]]:
    """The municipality and its teams; ValueError with a sentence for what is missing."""
    missing = [name for name in ("code", *_TEXTS, "opening_hours", "teams") if name not in said]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    slug = str(said["slug"])
    if not (slug.isascii() and slug.replace("-", "").isalnum() and slug == slug.lower() and len(slug) < 40):
        raise ValueError("slug must be small letters, digits and dashes, as it stands in addresses")
    hours = {lang: [list(map(str, row)) for row in said["opening_hours"][lang]] for lang in ("da", "en")}
    code = municipality_code(said["code"])
    row = Municipality(
        code=code,
        slug=slug,
        name=str(said["name"]),
        phone=str(said["phone"]),
        email=str(said["email"]),
        address=str(said["address"]),
        opening_hours=hours,
    )
    teams = [
        Team(
            municipality=code,
            id=str(one["id"]),
            name_da=str(one["da"]),
            name_en=str(one["en"]),
            kind=str(one["kind"]),
        )
        for one in said["teams"]
    ]
    if any(team.kind not in ("citizen", "employer") for team in teams):
        raise ValueError("a team's kind is citizen or employer")
    return row, teams
