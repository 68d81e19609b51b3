"""The portal as real processes: `portal serve` and `portal worker`, started and stopped by a test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from tests.keys import FILE

PORTAL = [sys.executable, "-c", "from portal.cli import main; main()"]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def environment(url: str, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    ours = {
        "PORTAL_MODE": "demo",
        "PORTAL_DATABASE_URL": url,
        "PORTAL_KEYS_FILE": str(FILE),
        "PORTAL_LOG": "warning",
    }
    return {**kept, **ours, **more}


@contextmanager
def serving(url: str, log: Path, **more: str) -> Iterator[str]:
    """One `portal serve`, answering; gives its address."""
    port = free_port()
    address = f"http://localhost:{port}"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*PORTAL, "serve"],
            env=environment(url, PORTAL_PORT=str(port), **more),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_for(address, process, log)
        yield address
    finally:
        end(process)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the portal answers; raises with its log when it ends, or does not answer for a minute or more."""
    for _ in range(600):
        try:
            if httpx.get(f"{address}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the portal did not answer: {log.read_text()[-2000:]}")


def end(process: subprocess.Popen[bytes], sign: int = signal.SIGTERM) -> None:
    """The whole group of the process ends, at the latest by force."""
    try:
        os.killpg(process.pid, sign)
        process.wait(15)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)
