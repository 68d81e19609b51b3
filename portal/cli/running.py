"""Running the pages, and the whole demo."""

from __future__ import annotations

import asyncio
import os
import socket

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from portal import settings as configuration
from portal.cli.group import main, now, open_store, settings_or_exit
from portal.cli.upkeep import prepare, ready_or_exit
from portal.demo import load as demo


@main.command(name="load-demo")
def load_demo() -> None:
    """Load the fictional demo municipality, once."""
    settings = settings_or_exit()
    if not settings.demo:
        raise click.ClickException("The demo's people are loaded in PORTAL_MODE=demo only.")
    ready_or_exit(settings)

    async def load() -> bool:
        store = open_store(settings)
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
    settings = settings_or_exit()
    ready_or_exit(settings)
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
@click.pass_context
def run(context: click.Context) -> None:
    """The whole demo at once: database, demo municipality, app and worker in one process."""
    os.environ.setdefault("PORTAL_WORKER_INLINE", "1")
    settings = settings_or_exit()
    prepare(settings)
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
