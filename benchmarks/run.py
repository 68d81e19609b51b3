"""`make bench`: two pages of the portal against the bare framework serving the same page with one SELECT, side by side.

Everything runs in one process and one run, alternating in random order, on the same engine and the same data. What is
reported is the ratio of medians, with the middle half of the rounds; never seconds to be trusted elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
from jinja2 import Template
from litestar import Litestar, MediaType, Response, get
from sqlalchemy import select

from portal import settings as configuration
from portal.app import create_app
from portal.demo import load as demo
from portal.store.database import Store
from portal.store.tables import Citizen
from tests.conftest import Person, make_database, migrate
from tests.keys import FILE, RING

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "40"))
EACH = 10
PAGES = {"My page": ("birger", "borger", "/silkeborg/borger"), "Staff queue": ("clara", "medarbejder", "/silkeborg/medarbejder/virksomheder")}  # fmt: skip
Serve = Callable[[], Awaitable[None]]


def bare(store: Store, page: Template, context: dict[str, Any]) -> Litestar:
    """Litestar with one route: one SELECT on the same engine, and the same template with the same facts."""

    @get("/page")
    async def serve() -> Response[str]:
        async with store.reading(demo.CODE) as reader:
            await reader.one(select(Citizen.name).limit(1))
        return Response(page.render(context), media_type=MediaType.HTML)

    return Litestar([serve], openapi_config=None, logging_config=None)


class Remembering(Template):
    """A template that keeps what it was last rendered with."""

    last: ClassVar[tuple[Template, dict[str, Any]]]

    def render(self, *args: Any, **kwargs: Any) -> str:
        Remembering.last = (self, dict(*args, **kwargs))
        return super().render(*args, **kwargs)


async def measure(url: str) -> dict[str, tuple[float, float, float]]:
    """For each page: the portal's time over the bare framework's: median, lower and upper quartile."""
    store = Store(url, RING)
    await demo.load(store, datetime.now(UTC))
    await store.close()
    settings = replace(
        configuration.read({"PORTAL_MODE": "demo"}), database_url=url, keys_file=FILE, log="warning"
    )
    app = create_app(settings)
    app.state.wiring.pages.template_class = Remembering
    found = {}
    for name, (person, door, path) in PAGES.items():
        browser = _client(app)
        await Person(browser, "silkeborg").choose(person, f"/silkeborg/log-ind/{door}/videre")
        answer = await browser.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        plain = _client(bare(app.state.wiring.store, *Remembering.last))
        ours = _getter(browser, path)
        theirs = _getter(plain, "/page")
        ratios = []
        for _ in range(ROUNDS):
            pair = {"ours": ours, "theirs": theirs}
            taken = {}
            for each in random.sample(sorted(pair), 2):
                began = time.perf_counter()
                for _ in range(EACH):
                    await pair[each]()
                taken[each] = time.perf_counter() - began
            ratios.append(taken["ours"] / taken["theirs"])
        low, middle, high = statistics.quantiles(ratios, n=4)
        found[name] = (middle, low, high)
        await browser.aclose()
        await plain.aclose()
    await app.state.wiring.store.close()
    return found


def _client(app: Litestar) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers={"sec-fetch-site": "same-origin"}
    )


def _getter(browser: httpx.AsyncClient, path: str) -> Serve:
    async def once() -> None:
        answer = await browser.get(path)
        answer.raise_for_status()

    return once


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        urls = {
            "SQLite": f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}",
            "PostgreSQL": make_database(),
        }
        print(
            f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, CPython {platform.python_version()}, {ROUNDS} rounds of {EACH}\n"
        )
        print("| page | engine | portal : bare framework | middle half |")
        print("|---|---|---|---|")
        for engine, url in urls.items():
            migrate(url)
            for name, (middle, low, high) in asyncio.run(measure(url)).items():
                print(f"| {name} | {engine} | {middle:.1f} | {low:.1f}–{high:.1f} |")


if __name__ == "__main__":
    main()
