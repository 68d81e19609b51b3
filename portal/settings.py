"""Settings: one list with help, read from the environment once at start; the portal refuses to start half-configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingsError(Exception):
    """What is wrong with the settings, and what to do, as sentences for the one who starts the portal."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    help: str


SETTINGS = (
    Setting("PORTAL_MODE", "", "`demo` is the only mode so far; without it the portal refuses to start"),
    Setting("PORTAL_HOST", "127.0.0.1", "the address the portal listens on"),
    Setting("PORTAL_PORT", "8000", "the port the portal listens on"),
    Setting("PORTAL_BASE_URL", "", "the address people see; default http://localhost:PORT"),
    Setting("PORTAL_DATABASE_URL", "sqlite+aiosqlite:///var/portal.db", "the database: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"),
    Setting("PORTAL_WORKERS", "1", "processes that serve pages; more than 1 needs PostgreSQL"),
    Setting("PORTAL_WORKER_INLINE", "0", "1 runs the worker (due dates, letters) inside the app"),
    Setting("PORTAL_WORKER_PAUSE", "5", "seconds between two rounds of the worker"),
    Setting("PORTAL_SENDER", "console", "where letters go: console or smtp"),
    Setting("PORTAL_SMTP_HOST", "", "the mail server, needed when the sender is smtp"),
    Setting("PORTAL_SMTP_PORT", "25", "the mail server's port"),
    Setting("PORTAL_MAIL_FROM", "no-reply@example.invalid", "the address letters come from"),
    Setting("PORTAL_TRUSTED_PROXY", "", "the address of the reverse proxy whose X-Forwarded-For is believed; empty: none is"),
    Setting("PORTAL_LOG", "info", "how much is logged: debug, info or warning"),
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    host: str
    port: int
    base_url: str
    database_url: str
    workers: int
    worker_inline: bool
    worker_pause: float
    sender: str
    smtp_host: str
    smtp_port: int
    mail_from: str
    trusted_proxy: str
    log: str

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name: bound to host and https wherever there is https."""
        return "__Host-portal" if self.https else "portal"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names requests may be addressed to."""
        host = self.base_url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0]
        local = ["localhost", "127.0.0.1"] if host in ("localhost", "127.0.0.1") else []
        return tuple(dict.fromkeys([host, *local]))


def read(environ: Mapping[str, str]) -> Settings:
    """The settings in `environ`; SettingsError names every one that cannot be used, not just the first."""
    values = {setting.name: environ.get(setting.name) or setting.default for setting in SETTINGS}
    wrong = [f"{name} is not a setting of the portal." for name in sorted(environ) if _stranger(name)]
    if values["PORTAL_MODE"] != "demo":
        wrong.append(
            "PORTAL_MODE is not demo. Real login and encryption are not part of this release, so the portal does "
            "not start for real people yet. `make run` starts the demo."
        )
    wrong += [
        f"{name}={values[name]} is not a whole number." for name in _WHOLE if not values[name].isdecimal()
    ]
    if values["PORTAL_SENDER"] not in ("console", "smtp"):
        wrong.append(f"PORTAL_SENDER={values['PORTAL_SENDER']} is neither console nor smtp.")
    if values["PORTAL_SENDER"] == "smtp" and not values["PORTAL_SMTP_HOST"]:
        wrong.append("PORTAL_SENDER=smtp needs PORTAL_SMTP_HOST.")
    if not values["PORTAL_DATABASE_URL"].startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        wrong.append("PORTAL_DATABASE_URL must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://.")
    elif values["PORTAL_DATABASE_URL"].startswith("sqlite") and values["PORTAL_WORKERS"] != "1":
        wrong.append("PORTAL_WORKERS above 1 needs PostgreSQL: one process writes an SQLite file.")
    base_url = values["PORTAL_BASE_URL"] or f"http://localhost:{values['PORTAL_PORT']}"
    if not base_url.startswith(("http://localhost", "http://127.0.0.1", "https://")):
        wrong.append(f"PORTAL_BASE_URL={base_url} must be https:// (http:// only for localhost).")
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Settings(
        host=values["PORTAL_HOST"],
        port=int(values["PORTAL_PORT"]),
        base_url=base_url.rstrip("/"),
        database_url=values["PORTAL_DATABASE_URL"],
        workers=int(values["PORTAL_WORKERS"]),
        worker_inline=values["PORTAL_WORKER_INLINE"] == "1",
        worker_pause=float(values["PORTAL_WORKER_PAUSE"]),
        sender=values["PORTAL_SENDER"],
        smtp_host=values["PORTAL_SMTP_HOST"],
        smtp_port=int(values["PORTAL_SMTP_PORT"]),
        mail_from=values["PORTAL_MAIL_FROM"],
        trusted_proxy=values["PORTAL_TRUSTED_PROXY"],
        log=values["PORTAL_LOG"],
    )


_WHOLE = ("PORTAL_PORT", "PORTAL_WORKERS", "PORTAL_SMTP_PORT", "PORTAL_WORKER_PAUSE")
_FOR_TESTS = ("PORTAL_TEST_", "PORTAL_CHROMIUM", "PORTAL_SHARED")


def _stranger(name: str) -> bool:
    known = {setting.name for setting in SETTINGS}
    return name.startswith("PORTAL_") and name not in known and not name.startswith(_FOR_TESTS)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address, or None for PostgreSQL."""
    return Path(url.removeprefix("sqlite+aiosqlite:///")) if url.startswith("sqlite") else None
