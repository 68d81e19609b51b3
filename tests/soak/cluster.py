"""A PostgreSQL of the soak's own, with fsync on, that may be killed and started again on the same data."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests import postgres
from tests.processes.servers import free_port


class Cluster:
    """Started by `start`, taken away with its data by `remove`."""

    def __init__(self) -> None:
        user = "nobody" if os.geteuid() == 0 else None
        self.home = Path(tempfile.mkdtemp(prefix="portal-soak-pg-"))
        if user:
            os.chown(self.home, pwd.getpwnam(user).pw_uid, -1)
        self._as_user: dict[str, Any] = {"user": user, "cwd": self.home}
        folder = next((one for one in postgres._folders() if (one / "initdb").exists()), None)
        if folder is None:
            raise postgres.NoPostgresError(postgres.HELP)
        self.bin = postgres._within_reach(folder, self.home, user)
        self.port = free_port()
        arguments = [
            "-D",
            self.home / "data",
            "-U",
            "portal",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
        ]
        subprocess.run([self.bin / "initdb", *arguments], check=True, capture_output=True, **self._as_user)
        self.server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"postgresql+asyncpg://portal@127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answers when this returns; a start that finds the old processes' memory still held is tried again."""
        for _ in range(20):
            if self._try_start():
                return
            time.sleep(0.5)
        raise OSError(f"PostgreSQL did not start again: {(self.home / 'log').read_text()[-600:]}")

    def _try_start(self) -> bool:
        options = [
            "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on",
            "-c", "max_connections=200", "-c", f"unix_socket_directories={self.home}",
        ]  # fmt: skip
        with (self.home / "log").open("a") as log:
            self.server = subprocess.Popen(
                [
                    self.bin / "postgres",
                    "-D",
                    self.home / "data",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    str(self.port),
                    *options,
                ],
                stdout=log,
                stderr=log,
                **self._as_user,
            )
        ready = [self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(400):
            if subprocess.run(ready, check=False).returncode == 0:
                return True
            if self.server.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def kill(self, how: str) -> None:
        """`postmaster`: every process at once, as when the power goes; `immediate`: its own hard stop."""
        assert self.server is not None
        if how == "immediate":
            self.server.send_signal(signal.SIGQUIT)
        else:
            children = _children(self.server.pid)
            self.server.kill()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        self.server.wait(30)

    def remove(self) -> None:
        if self.server is not None and self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(15)
            except subprocess.TimeoutExpired:
                self.kill("postmaster")
        shutil.rmtree(self.home, ignore_errors=True)


def _children(pid: int) -> list[int]:
    """The processes started by `pid`: those alone, by the number of their parent."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found
