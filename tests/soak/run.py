"""`make soak`: kill -9 of app, worker and database under load, and then the history against the database."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import httpx
from aiosmtpd.controller import Controller

from portal.demo.provider import issuer
from portal.domain.calendar import is_working_day, local_instant
from portal.domain.people import system
from portal.store import calendars, verification
from portal.store.database import Store
from portal.store.tables import Citizen
from portal.triage.workdays import ClosedDays
from tests import cast
from tests.conftest import make_database, migrate
from tests.keys import RING
from tests.processes.servers import free_port
from tests.soak.chaos import Chaos, Process, Sink
from tests.soak.check import check, load, lose_one, whole
from tests.soak.cluster import Cluster
from tests.soak.history import UNKNOWN, History, Stretch
from tests.soak.people import Browser

CITIZENS, BROWSERS = 600, 30
ANCHORS = 6


@dataclass
class Outcome:
    """What a run came to: its figures in one line, and what was found."""

    history: History
    seconds: float
    findings: list[str]
    uncertain: int = 0
    in_doubt: int = 0
    letters: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        history = self.history
        kills = ", ".join(f"{kind} {count}" for kind, count in sorted(history.kills.items()))
        calm = sum(one.calm for one in history.troubles)
        return (
            f"{self.seconds / 60:.1f} minutes, {history.requests} requests ({history.lost} lost, {calm} calm 5xx while the "
            f"database was away), {len(history.actions)} forms, {len(history.acknowledged)} acknowledged, "
            f"{self.uncertain} left open, {self.in_doubt} told 'not saved' and kept; "
            f"kills: {history.kills.total()} ({kills}); letters: {self.letters}; findings: {len(self.findings)}"
        )


async def populate(url: str, citizens: int = CITIZENS) -> list[str]:
    """Fresh citizens, and many times inside the promise, from two days ahead of the real clock."""
    store = Store(url, RING)
    now = datetime.now(UTC)
    names = [f"c{number}" for number in range(citizens)]
    async with store.writing(system(cast.HOME), now) as unit:
        for name in names:
            unit.add(
                Citizen(
                    municipality=cast.HOME,
                    id=cast.identity(f"{name}x"),
                    issuer=issuer("borger"),
                    subject=name,
                    name=f"Testperson {name}",
                    birth_date=None,
                    email=f"{name}@test.example",
                )
            )
        for day in _working_days(now.date() + timedelta(days=1), 9):
            for hour in range(8, 16):
                for minute in (7, 22, 37, 52):  # beside the cast's own times
                    starts_at = local_instant(day, clock(hour, minute))
                    calendars.add_slot(unit, cast.identity("rikke"), "modtagelse", starts_at)
        await unit.commit(unnoted=True)
    await store.close()
    return names


def _working_days(first: date, days: int) -> list[date]:
    following = [first + timedelta(days=number) for number in range(days)]
    return [day for day in following if is_working_day(day, ClosedDays())]


async def soak(
    url: str,
    folder: Path,
    *,
    seconds: float,
    seed: int,
    enough: Callable[[History], bool] = lambda _: True,
    at_most: float = float("inf"),
    cluster: Cluster | None = None,
    browsers: int = BROWSERS,
) -> Outcome:
    """Load and kills for that long, and on until `enough`; then the rest sent, everything stopped, and the check."""
    began = time.monotonic()
    rng = random.Random(seed)
    history = History()
    citizens = await populate(url)
    port = free_port()
    sink = Controller(Sink(history, random.Random(seed)), hostname="127.0.0.1", port=port)
    sink.start()
    more = {
        "PORTAL_SENDER": "smtp",
        "PORTAL_SMTP_HOST": "127.0.0.1",
        "PORTAL_SMTP_PORT": str(port),
        "PORTAL_WORKER_PAUSE": "1",
        "PORTAL_TRUSTED_PROXY": "127.0.0.1",
    }
    apps = [Process("serve", url, folder / f"app{n}.log", more) for n in range(1 if "sqlite" in url else 2)]
    workers = [Process("worker", url, folder / f"worker{n}.log", more) for n in range(2)]
    try:
        await asyncio.gather(*(asyncio.to_thread(one.start) for one in [*apps, *workers]))
        chaos = Chaos(apps, workers, history, rng, cluster, lambda: _anchor(url, history))
        await _under_load(chaos, citizens, Stretch(seconds, lambda: enough(history), at_most), rng, browsers)
    finally:
        for process in [*workers, *apps]:
            await asyncio.to_thread(process.stop)
        sink.stop()
    kept = await load(url)
    findings = [*check(history, kept), *await whole(url, RING, history.anchors[-ANCHORS:])]
    never = sum(
        state in ("sending", "uncertain") and not history.letters[one]
        for one, (_, state) in kept.letters.items()
    )
    states = [state for _, state in kept.letters.values()]
    return Outcome(
        history,
        time.monotonic() - began,
        findings,
        sum(action.outcome == UNKNOWN for action in history.actions),
        sum(
            any(at >= kept.keys[action.key][2] for at in action.failed_at)
            for action in history.actions
            if action.failed_at and action.key in kept.keys
        ),
        {**{state: states.count(state) for state in sorted(set(states))}, "leased and never taken": never},
    )


async def _under_load(
    chaos: Chaos, citizens: list[str], stretch: Stretch, rng: random.Random, browsers: int
) -> None:
    addresses = [app.address for app in chaos.apps]
    clients = [
        httpx.AsyncClient(timeout=60, trust_env=False, headers={"sec-fetch-site": "same-origin"})
        for _ in range(browsers)
    ]
    people = [Browser(addresses, chaos.history, random.Random(rng.random()), client) for client in clients]
    try:
        await asyncio.gather(chaos.rage(stretch), *(one.live(citizens, stretch) for one in people))
        await asyncio.sleep(3)  # the workers send on for a while, undisturbed
    finally:
        for client in clients:
            await client.aclose()


async def _anchor(url: str, history: History) -> None:
    """The journal's head before a kill: what came before it must still be there after."""
    store = Store(url, RING)
    with suppress(OSError):
        async with store.reading(cast.HOME) as reader:
            history.anchors.append(await verification.head(reader))
    await store.close()


# ------------------------------------------------------------------ the command


def run(engine: str, seconds: float, seed: int, *, control: bool) -> int:
    """One engine's run on a database of its own; 0 when nothing was found."""
    folder = Path(tempfile.mkdtemp(prefix=f"portal-soak-{engine}-"))
    cluster = None
    try:
        if engine == "postgresql":
            cluster = Cluster()
            cluster.start()
            os.environ["PORTAL_TEST_DATABASE_URL"] = cluster.address
            url = make_database()
        else:
            url = f"sqlite+aiosqlite:///{folder / 'soak.db'}"
        migrate(url)
        asyncio.run(_settle(url))
        print(f"{engine}: seed {seed}, {seconds / 60:g} minutes ...", flush=True)
        outcome = asyncio.run(soak(url, folder, seconds=seconds, seed=seed, cluster=cluster))
        print(f"{engine}: {outcome.line()}", flush=True)
        if control:
            outcome.findings += asyncio.run(_control(url, outcome.history, seed))
        for finding in outcome.findings[:50]:
            print(f"  {finding}")
        return 1 if outcome.findings else 0
    finally:
        if cluster is not None:
            cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


async def _settle(url: str) -> None:
    store = Store(url, RING)
    await cast.settle(store)
    await store.close()


async def _control(url: str, history: History, seed: int) -> list[str]:
    """Something acknowledged is taken away: the check must turn red, and so must the run."""
    print(f"control: taken away: {await lose_one(url, history, random.Random(seed))}")
    found = check(history, await load(url))
    print("control: the check turned red, as it must" if found else "control: FAILED, the check stayed green")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """1 with what was found. With --control something acknowledged is taken away first, so 1 is what must come."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument(
        "--control", action="store_true", help="take one acknowledged row away before the check"
    )
    given = parser.parse_args(arguments)
    seed = given.seed if given.seed is not None else random.randrange(10**6)
    engines = ("sqlite", "postgresql") if given.engine == "both" else (given.engine,)
    return max([run(engine, given.minutes * 60, seed, control=given.control) for engine in engines])


if __name__ == "__main__":
    sys.exit(main())
