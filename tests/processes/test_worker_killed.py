"""The worker is killed between the decision and the letter: after a restart exactly one message is in the sink."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import select

from portal.store.database import Store
from portal.store.tables import Outbox
from tests import cast
from tests.conftest import Portal, behind
from tests.http.test_employer_and_desk import _send as send_request
from tests.processes.servers import PORTAL, end, environment, free_port


class Sink:
    """Keeps every message a mail server would have taken."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.messages.append(envelope)
        return "250 taken"


def _worker(database: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    more = {
        "PORTAL_SENDER": "smtp",
        "PORTAL_SMTP_HOST": "127.0.0.1",
        "PORTAL_SMTP_PORT": str(port),
        "PORTAL_WORKER_PAUSE": "1",
    }
    with log.open("a") as out:
        return subprocess.Popen(
            [*PORTAL, "worker"],
            env=environment(database, **more),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


async def _decide(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    start = (portal.now + timedelta(days=30)).strftime("%d-%m-%Y")
    case = await send_request(bo, start=start)
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    preview = await clara.fill(
        f"/medarbejder/sag/{case}", "/afgoer", outcome="granted", reasons="Ja.", law="LAB"
    )
    assert (await clara.send(preview.text, "/afgoer", action="send")).status_code == 303


async def _state(store: Store) -> list[str]:
    async with store.reading(cast.HOME) as reader:
        return [row[0] for row in await reader.all(select(Outbox.state))]


async def test_exactly_one_message_after_a_restart(
    portal: Portal, database: str, tmp_path: Path, engine: str
) -> None:
    """Killed while the mail server is away: the decision stands, the letter waits, and is sent once."""
    port = free_port()
    log = tmp_path / "worker.log"
    portal.now = datetime.now(UTC)  # the worker's clock is the real one
    first = _worker(database, port, log)
    time.sleep(2.5)
    await _decide(portal)
    end(first, signal.SIGKILL)
    assert "sent" not in await _state(portal.store)
    # what the killed worker may have tried counts as refused: nobody was listening
    async with behind(portal.database) as connection:
        await connection.execute(
            Outbox.__table__.update()
            .where(Outbox.__table__.c.state == "failed")
            .values(due_at=Outbox.__table__.c.created_at)
        )
    sink = Sink()
    server = Controller(sink, hostname="127.0.0.1", port=port)
    server.start()
    second = _worker(database, port, log)
    third = _worker(database, port, log)
    try:
        for _ in range(150):
            if await _state(portal.store) == ["sent"]:
                break
            time.sleep(0.1)
        time.sleep(2.5)
    finally:
        end(second)
        end(third)
        server.stop()
    assert await _state(portal.store) == ["sent"], log.read_text()[-800:]
    assert len(sink.messages) == 1
    assert b"Bos firma" not in sink.messages[0].content
