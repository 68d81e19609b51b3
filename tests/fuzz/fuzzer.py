"""The fuzzer: bytes and forms over all routes and identities. `make fuzz` runs it long, the tests run it short.

The same seed asks the same. A round has a fresh database; a finding names seed, round and request.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from zlib import crc32

import httpx

from portal.store.database import Store
from tests import cast, conftest
from tests.fuzz import oracle
from tests.fuzz.shots import Planner, Shot
from tests.fuzz.world import OUTSIDE, World, open_world, set_limits
from tests.keys import RING

ROUND = 1500
ENGINES = ("sqlite", "postgresql")
MOST = 60  # findings kept with their story; all are counted
Fresh = Callable[[], AbstractAsyncContextManager[str]]


@dataclass(frozen=True)
class Finding:
    """Something that must not be: what, and the request that shows it."""

    what: str
    seed: str
    number: int
    shot: str
    status: int
    trace: str = ""

    def __str__(self) -> str:
        return f"{self.what}\n  seed {self.seed}, request {self.number}: {self.status} to {self.shot}\n{self.trace}"


@dataclass
class Figures:
    """What a run came to. `findings` has one of each kind and route."""

    requests: int = 0
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    unsent: int = 0
    asked: int = 0  # a fingerprint of every request in turn
    gone: list[str] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Finding] = field(default_factory=dict)

    def add(self, key: str, finding: Finding) -> None:
        self.found[key] += 1
        if len(self.findings) < MOST:
            self.findings.setdefault(key, finding)

    def has(self, part: str) -> bool:
        return bool(part) and any(part in key for key in self.found)

    def report(self) -> str:
        each = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        kinds = ", ".join(f"{kind}: {count}" for kind, count in sorted(self.kinds.items()))
        lines = [
            f"{self.requests} requests in {self.seconds:.0f} s ({each}; {kinds}; {self.unsent} could not be sent)",
            *([f"could not be logged in again: {', '.join(self.gone)}"] if self.gone else []),
            f"{len(self.found)} findings, {sum(self.found.values())} times",
            *(f"\n[{self.found[key]} times] {finding}" for key, finding in self.findings.items()),
        ]
        return "\n".join(lines)


async def fuzz(fresh: Fresh, seed: int, requests: int, *, until: str = "", say: bool = False) -> Figures:
    """That many requests, in rounds of a fresh database each. Stops once something like `until` is found, if given."""
    figures = Figures()
    began = time.monotonic()
    turn = 0
    while figures.requests < requests and not figures.has(until):
        async with fresh() as database:
            most = min(ROUND, requests - figures.requests)
            await _round(database, f"{seed}:{turn}", most, figures, until)
        turn += 1
        figures.seconds = time.monotonic() - began
        if say:
            print(
                f"{figures.requests} requests, {figures.seconds:.0f} s, {len(figures.found)} findings",
                flush=True,
            )
    return figures


async def _round(database: str, seed: str, most: int, figures: Figures, until: str) -> None:
    rng = Random(seed)  # a str seeds by its hash, the same in every process
    async with open_world(database, Random(f"ids {seed}")) as world:
        planner = Planner(world, rng)
        for number in range(most):
            shot = planner.shot()
            if shot.name not in world.people:
                continue
            with set_limits(_limits(number)):
                await _one(world, planner, shot, seed, number, figures)
            figures.requests += 1
            figures.asked = crc32(str(shot).encode("utf-8", "replace"), figures.asked)
            figures.kinds[shot.kind] += 1
            _time_passes(world, rng)
            if figures.has(until):
                return
        figures.gone += world.gone


def _limits(number: int) -> str:
    """Nine requests in ten are counted against nothing; of the rest half against the portal's own limits."""
    place = number % 200
    return "wide" if place < 180 else "real" if place < 190 else "tight"


def _time_passes(world: World, rng: Random) -> None:
    chance = rng.random()
    span = (
        {"days": 1}
        if chance < 0.001
        else {"minutes": 31}
        if chance < 0.002
        else {"seconds": rng.choice((0, 0, 1, 3))}
    )
    world.portal.later(**span)


async def _one(world: World, planner: Planner, shot: Shot, seed: str, number: int, figures: Figures) -> None:
    visitor = world.people[shot.name]
    session = visitor.session
    answer = await _send(world, shot)
    if answer is None:
        figures.unsent += 1
        return
    figures.statuses[answer.status_code] += 1
    spy = world.spy
    broken = answer.status_code >= 500
    where = spy.where() if broken else f"{shot.method} {spy.scope.get('path_template', '-')}"
    trace = spy.trace() if broken else ""
    spy.error = None  # and with it everything it kept alive
    if any(b"multipart" in value for _, value in shot.headers):
        gc.collect()  # a part left open is found now and not at somebody else's request
    wrong = oracle.of_everything(answer, str(answer.request.url), world.logged())
    for what in wrong + await oracle.of_access(world, visitor, answer, spy):
        story = Finding(what, seed, number, str(shot), answer.status_code, trace)
        figures.add(f"{what[:60]} | {where}", story)
    await _afterwards(world, planner, shot, answer, session)


async def _send(world: World, shot: Shot) -> httpx.Response | None:
    """The portal's answer; None when a browser cannot even ask that."""
    browser = world.people[shot.name].person.browser
    try:
        url = httpx.URL(shot.address)
        return await browser.request(shot.method, url, headers=shot.headers, content=shot.content)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
        return None


async def _afterwards(
    world: World, planner: Planner, shot: Shot, answer: httpx.Response, session: str
) -> None:
    """Remembers forms and addresses; who lost the session logs in again; the staff are put right."""
    visitor = world.people[shot.name]
    if answer.headers.get("location"):
        planner.seen.append(answer.headers["location"])
    path = str(world.spy.scope.get("path", ""))
    if answer.status_code in (200, 409, 422) and "html" in answer.headers.get("content-type", ""):
        world.learn(visitor, path, answer.text)
    if shot.name == "ada" and path.endswith("/kommune/medarbejder") and answer.status_code == 303:
        await world.mend_staff()
    mine = not any(name == b"cookie" for name, _ in shot.headers)
    turned_away = mine and shot.name not in OUTSIDE and _turned_away(visitor.slug, world, answer)
    if visitor.session != session or turned_away:
        await world.enter(shot.name)


def _turned_away(slug: str, world: World, answer: httpx.Response) -> bool:
    """Whether somebody was sent to log in at home: their session has ended."""
    there = str(world.spy.scope.get("path_params", {}).get("slug", ""))
    return there == slug and (oracle.to_login(answer) or answer.status_code == 401)


# ------------------------------------------------------------------ databases


def copies(engine: str, template: str, folder: Path) -> Fresh:
    """A fresh copy of a template database for each round."""

    @asynccontextmanager
    async def fresh() -> AsyncIterator[str]:
        if engine == "sqlite":
            file = folder / "fuzz.db"
            for old in folder.glob("fuzz.db*"):
                old.unlink()
            shutil.copyfile(template.removeprefix("sqlite+aiosqlite:///"), file)
            yield f"sqlite+aiosqlite:///{file}"
            return
        url = await conftest._create_postgres(template.rsplit("/", 1)[1])
        yield url
        await conftest._drop_postgres(url)

    return fresh


def template(engine: str, folder: Path) -> str:
    """A database with schema and cast."""
    url = f"sqlite+aiosqlite:///{folder / 'cast.db'}" if engine == "sqlite" else conftest.make_database()
    conftest.migrate(url)

    async def fill() -> None:
        store = Store(url, RING)
        await cast.settle(store)
        await store.close()

    asyncio.run(fill())
    return url


def main() -> int:
    """0 when nothing was found."""
    parser = argparse.ArgumentParser(description="Bytes and forms over all routes and identities")
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fresh = copies(asked.engine, template(asked.engine, folder), folder)
        figures = asyncio.run(fuzz(fresh, asked.seed, asked.requests, say=True))
    print(figures.report())
    return 1 if figures.found else 0


if __name__ == "__main__":
    sys.exit(main())
