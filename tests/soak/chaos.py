"""The portal's processes, killed with SIGKILL at random moments and started again; and the mail server they send to."""

from __future__ import annotations

import asyncio
import email
import os
import random
import signal
import subprocess
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.processes.servers import PORTAL, end, environment, free_port, wait_for
from tests.soak.cluster import Cluster, _children
from tests.soak.history import History, Stretch, utc_now

STARTING = timedelta(seconds=15)


class Sink:
    """A mail server that takes letters; now and then it refuses one, or takes one and never says so."""

    def __init__(self, history: History, rng: random.Random) -> None:
        self.history, self.rng = history, rng
        self._lock = threading.Lock()

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        chance = self.rng.random()
        if chance < 0.02:
            return "451 not now"
        name = str(email.message_from_bytes(envelope.content)["Message-ID"])
        with self._lock:
            self.history.letters[name.strip("<>").removesuffix("@portal.invalid")] += 1
        if chance < 0.04:
            server.transport.abort()
        return "250 taken"


@dataclass
class Process:
    """One `portal serve` or `portal worker`; started again on the same port."""

    kind: str
    url: str
    log: Path
    more: dict[str, str]
    port: int = field(default_factory=free_port)
    running: subprocess.Popen[bytes] | None = None
    started: datetime = field(default_factory=utc_now)

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        self.started = utc_now()
        with self.log.open("a") as out:
            self.running = subprocess.Popen(
                [*PORTAL, self.kind],
                env=environment(self.url, PORTAL_PORT=str(self.port), **self.more),
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        if self.kind == "serve":
            wait_for(self.address, self.running, self.log)

    def kill(self) -> None:
        if self.running is not None:
            end(self.running, signal.SIGKILL)

    def kill_page_process(self) -> None:
        """Only the process that answers, not the one that started it: the whole of it must end, not hang."""
        assert self.running is not None
        for child in _children(self.running.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.running.wait(30)

    def stop(self) -> None:
        if self.running is not None:
            end(self.running)

    @property
    def ended_by_itself(self) -> bool:
        return self.running is not None and self.running.poll() is not None


@dataclass
class Chaos:
    """Kills, one at a time; each kind there is comes once before any comes again."""

    apps: list[Process]
    workers: list[Process]
    history: History
    rng: random.Random
    cluster: Cluster | None
    before: Callable[[], Awaitable[None]]

    async def rage(self, stretch: Stretch) -> None:
        kinds: list[str] = []
        while not stretch.over():
            await self._some_life(stretch)
            if not kinds:
                kinds = ["app", "worker", "page process", "app and worker"]
                kinds += ["database: postmaster", "database: immediate"] if self.cluster else []
                self.rng.shuffle(kinds)
            self._all_alive()
            await self.before()
            await self._kill(kinds.pop())

    async def _some_life(self, stretch: Stretch) -> None:
        """A short while, and a few answers: what comes up slowly is not killed before anybody was served."""
        await asyncio.sleep(self.rng.uniform(0.5, 3.0))
        served = self.history.answers.total() + self.rng.randint(5, 60)
        for _ in range(100):
            if stretch.over() or self.history.answers.total() >= served:
                return
            await asyncio.sleep(0.1)

    async def _kill(self, kind: str) -> None:
        app, worker = self.rng.choice(self.apps), self.rng.choice(self.workers)
        if kind.startswith("database"):
            await self._kill_database(kind.removeprefix("database: "))
        elif kind == "page process":
            await asyncio.to_thread(app.kill_page_process)
            await asyncio.to_thread(app.start)
        else:
            for process in [app] * kind.startswith("app") + [worker] * kind.endswith("worker"):
                await asyncio.to_thread(process.kill)
                await asyncio.to_thread(process.start)
        self.history.kills[kind] += 1

    async def _kill_database(self, how: str) -> None:
        assert self.cluster is not None
        gone = utc_now()
        self.history.away.append((gone, datetime.max.replace(tzinfo=UTC)))
        await asyncio.to_thread(self.cluster.kill, how)
        await asyncio.sleep(self.rng.uniform(0, 1.5))
        await asyncio.to_thread(self.cluster.start)
        self.history.away[-1] = (gone, utc_now())

    def _all_alive(self) -> None:
        """Nothing ends but what was killed here, and what was just starting when the database went away."""
        for process in [*self.apps, *self.workers]:
            if process.ended_by_itself:
                if not self.history.was_away(process.started, process.started + STARTING):
                    said = process.log.read_text()[-400:]
                    self.history.strange.append(f"a {process.kind} ended by itself: {said}")
                process.start()
