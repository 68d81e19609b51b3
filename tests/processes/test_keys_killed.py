"""`portal keys rotate` killed in the middle: nothing is lost, and it goes on where it stopped."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.store import rotation
from portal.store.database import Store
from portal.store.keys import open_ring
from portal.store.tables import Message
from tests import cast, rows
from tests.keys import FILE, RING
from tests.processes.servers import PORTAL, end, environment

pytestmark = pytest.mark.long

MESSAGES = 3_000


async def _many(store: Store) -> None:
    async with store.writing(cast.staff("clara"), cast.NOW) as unit:
        for number in range(MESSAGES):
            unit.add(rows.bare(Message, case_kind="placement", body=f"besked {number}"))
        await unit.commit(unnoted=True)


async def _left(url: str, file: Path) -> tuple[int, str, int]:
    """Rows not under the current key, that key, and how many messages open."""
    store = Store(url, open_ring(file))
    async with store.reading(cast.HOME) as reader:
        left = await rotation.left(reader, store.ring.current)
        opened = len({row.body for row in await reader.rows(select(Message))})
    await store.close()
    return left, store.ring.current, opened


async def test_killed_in_the_middle_it_goes_on_where_it_stopped(database: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    shutil.copy2(FILE, file)
    store = Store(database, RING)
    await _many(store)
    await store.close()
    env = environment(database, PORTAL_KEYS_FILE=str(file))
    killed = None
    for _ in range(5):  # somewhere in the middle, on a fast machine and on a slow one
        running = subprocess.Popen(
            [*PORTAL, "keys", "rotate"], env=env, stdout=subprocess.DEVNULL, start_new_session=True
        )
        killed = await _kill_midway(running, database, file)
        if killed:
            break
    assert killed is not None, "it was never caught in the middle"
    left, _current, opened = killed
    assert left > 0
    assert opened == MESSAGES
    done = await asyncio.to_thread(
        subprocess.run,
        [*PORTAL, "keys", "rotate", "--resume"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    left, current, opened = await _left(database, file)
    assert (left, opened) == (0, MESSAGES)
    older = [name for name in open_ring(file).names if name != current]
    dropped = await asyncio.to_thread(
        subprocess.run,
        [*PORTAL, "keys", "drop", *older],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert dropped.returncode == 0, dropped.stderr
    assert open_ring(file).names == [current]
    whole = await asyncio.to_thread(
        subprocess.run, [*PORTAL, "verify"], env=env, capture_output=True, text=True, check=False
    )
    assert whole.returncode == 0, whole.stdout
    refused = await asyncio.to_thread(  # the control: the old ring opens nothing any more, and says so
        subprocess.run,
        [*PORTAL, "serve"],
        env=environment(database),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "put the right key ring back" in refused.stderr


async def _kill_midway(running: subprocess.Popen[bytes], url: str, file: Path) -> tuple[int, str, int] | None:
    """Stopped for a look again and again once it has begun, and killed where some rows are done and some are not."""
    began = open_ring(file).current
    while running.poll() is None:
        if open_ring(file).current != began:
            os.killpg(running.pid, signal.SIGSTOP)
            store = Store(url, open_ring(file))
            async with store.reading(cast.HOME) as reader:
                left = await rotation.left(reader, store.ring.current)
            await store.close()
            if 0 < left < MESSAGES:
                end(running, signal.SIGKILL)
                return await _left(url, file)
            os.killpg(running.pid, signal.SIGCONT)
        await asyncio.sleep(0.01)
    return None
