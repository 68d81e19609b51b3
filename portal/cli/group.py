"""The `portal` command itself, and what its parts share."""

from __future__ import annotations

import importlib
import os
import sys
from datetime import UTC, datetime

import click

from portal import settings as configuration
from portal.domain.errors import InvalidError
from portal.store.database import Store
from portal.store.keys import KeyRing, KeyRingError, new_ring, open_ring
from portal.triage.conditions import municipality_code

DEMO_MUNICIPALITY = "740"


def now() -> datetime:
    return datetime.now(UTC)


# Which module has which command: a command starts with what it needs, and not with the whole portal.
MODULES = {
    "keeping": ("journal", "keys", "verify"),
    "places": ("municipality",),
    "records": ("backup", "erase", "restore", "retention", "statistics"),
    "rulebooks": ("rules",),
    "rules": ("employer", "guarantee", "triage"),
    "running": ("load-demo", "run", "serve"),
    "upkeep": ("import", "migrate", "reset", "worker"),
}


class Commands(click.Group):
    """Commands whose modules are read when they are called for."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(name for names in MODULES.values() for name in names)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for module, names in MODULES.items():
            if name in names:
                importlib.import_module(f"portal.cli.{module}")
        return super().get_command(context, name)


@click.group(cls=Commands)
def main() -> None:
    """A self-service portal for Danish employment services."""


def code_option(_context: click.Context, _option: click.Parameter, code: str | None) -> str | None:
    """A municipality code as three digits; a sentence when it is none."""
    try:
        return None if code is None else municipality_code(code)
    except InvalidError:
        raise click.BadParameter(
            f"{code} is no municipality code; write three digits, for example 740."
        ) from None


on_option = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="The day the rules are read on (default: today)."
)
municipality_option = click.option(
    "--municipality", default=DEMO_MUNICIPALITY, callback=code_option, help="Three-digit municipality code."
)


def settings_or_exit() -> configuration.Settings:
    """The settings of the environment; exit status 2 with every mistake named when they will not do."""
    try:
        return configuration.read(os.environ)
    except configuration.SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def ring_or_exit(settings: configuration.Settings, *, may_make: bool = False) -> KeyRing:
    """The key ring. In the demo one is made when there is none (`may_make`); whether it fits the database is seen later."""
    try:
        if may_make and settings.demo and not settings.keys_file.exists():
            return new_ring(settings.keys_file)
        return open_ring(settings.keys_file)
    except KeyRingError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def open_store(settings: configuration.Settings) -> Store:
    return Store(settings.database_url, ring_or_exit(settings))
