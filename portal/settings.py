"""Settings: one list with help, read from the environment once at start; the portal refuses to start half-configured."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog


class SettingsError(Exception):
    """What is wrong with the settings, and what to do, as sentences for the one who starts the portal."""


@dataclass(frozen=True)
class Setting:
    name: str
    default: str
    help: str


SETTINGS = (
    Setting("PORTAL_MODE", "", "`production`, or `demo` for fictional people and a demo login; without it the portal refuses to start"),
    Setting("PORTAL_HOST", "127.0.0.1", "the address the portal listens on"),
    Setting("PORTAL_PORT", "8000", "the port the portal listens on"),
    Setting("PORTAL_BASE_URL", "", "the address people see; default http://localhost:PORT"),
    Setting("PORTAL_DATABASE_URL", "sqlite+aiosqlite:///var/portal.db", "the database: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"),
    Setting("PORTAL_OWNER_URL", "", "PostgreSQL: the address of the role that owns the tables; used by `portal migrate` alone"),
    Setting("PORTAL_KEYS_FILE", "var/keys.json", "the key ring that seals CPR numbers and sensitive data; keep a copy apart from the backups"),
    Setting("PORTAL_LEDGER_FILE", "var/erasures.jsonl", "who was erased, without names; replayed after a restore, so keep it apart from the backups"),
    Setting("PORTAL_LOGIN_FILE", "", "the login providers (TOML, see docs/login.md); needed in production, refused in the demo"),
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
    demo: bool
    host: str
    port: int
    base_url: str
    database_url: str
    owner_url: str
    keys_file: Path
    ledger_file: Path
    login_file: str
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
    base_url = values["PORTAL_BASE_URL"] or f"http://localhost:{values['PORTAL_PORT']}"
    wrong = [
        *(f"{name} is not a setting of the portal." for name in sorted(environ) if _stranger(name)),
        *_wrong_values(values),
        *_wrong_addresses(values, base_url),
        *_wrong_for_mode(values, environ, base_url),
    ]
    if wrong:
        raise SettingsError("\n".join(wrong))
    return Settings(
        demo=values["PORTAL_MODE"] == "demo",
        host=values["PORTAL_HOST"],
        port=int(values["PORTAL_PORT"]),
        base_url=base_url.rstrip("/"),
        database_url=values["PORTAL_DATABASE_URL"],
        owner_url=values["PORTAL_OWNER_URL"] or values["PORTAL_DATABASE_URL"],
        keys_file=Path(values["PORTAL_KEYS_FILE"]),
        ledger_file=Path(values["PORTAL_LEDGER_FILE"]),
        login_file=values["PORTAL_LOGIN_FILE"],
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


def _wrong_values(values: Mapping[str, str]) -> list[str]:
    wrong = [
        f"{name}={values[name]} is not a whole number." for name in _WHOLE if not values[name].isdecimal()
    ]
    if values["PORTAL_SENDER"] not in ("console", "smtp"):
        wrong.append(f"PORTAL_SENDER={values['PORTAL_SENDER']} is neither console nor smtp.")
    if values["PORTAL_SENDER"] == "smtp" and not values["PORTAL_SMTP_HOST"]:
        wrong.append("PORTAL_SENDER=smtp needs PORTAL_SMTP_HOST.")
    return wrong


def _wrong_addresses(values: Mapping[str, str], base_url: str) -> list[str]:
    wrong = []
    database, owner = values["PORTAL_DATABASE_URL"], values["PORTAL_OWNER_URL"]
    if not database.startswith(_DATABASES):
        wrong.append("PORTAL_DATABASE_URL must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://.")
    elif database.startswith("sqlite") and values["PORTAL_WORKERS"] != "1":
        wrong.append("PORTAL_WORKERS above 1 needs PostgreSQL: one process writes an SQLite file.")
    if owner and not (owner.startswith("postgresql") and database.startswith("postgresql")):
        wrong.append("PORTAL_OWNER_URL is for PostgreSQL, beside a PORTAL_DATABASE_URL of another role.")
    if not base_url.startswith(("http://localhost", "http://127.0.0.1", "https://")):
        wrong.append(f"PORTAL_BASE_URL={base_url} must be https:// (http:// only for localhost).")
    return wrong


def _wrong_for_mode(values: Mapping[str, str], environ: Mapping[str, str], base_url: str) -> list[str]:
    """The demo login and real people never meet: what belongs to one mode stops the other."""
    if values["PORTAL_MODE"] == "demo":
        said = "PORTAL_LOGIN_FILE belongs to production, where nobody can choose who to be. The demo has its own login."
        return [said] if values["PORTAL_LOGIN_FILE"] else []
    if values["PORTAL_MODE"] != "production":
        return ["PORTAL_MODE is neither production nor demo. `make run` starts the demo."]
    wrong = [
        f"PORTAL_MODE=production needs {name}: {why}."
        for name, why in _PRODUCTION.items()
        if not environ.get(name)
    ]
    if not base_url.startswith("https://"):
        wrong.append("PORTAL_MODE=production needs an https:// address as PORTAL_BASE_URL.")
    if values["PORTAL_SENDER"] == "console":
        wrong.append(
            "PORTAL_MODE=production needs PORTAL_SENDER=smtp: the console would show who gets letters."
        )
    return wrong


_DATABASES = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
_PRODUCTION = {
    "PORTAL_BASE_URL": "the address people see",
    "PORTAL_DATABASE_URL": "where the data are",
    "PORTAL_KEYS_FILE": "the key ring (`portal keys new` makes one)",
    "PORTAL_LEDGER_FILE": "the list of erasures that outlives a restore",
    "PORTAL_LOGIN_FILE": "the login providers",
    "PORTAL_TRUSTED_PROXY": "the reverse proxy, or everybody would share its address and its limits",
}
_WHOLE = ("PORTAL_PORT", "PORTAL_WORKERS", "PORTAL_SMTP_PORT", "PORTAL_WORKER_PAUSE")
_FOR_TESTS = ("PORTAL_TEST_", "PORTAL_CHROMIUM", "PORTAL_SHARED")


def _stranger(name: str) -> bool:
    known = {setting.name for setting in SETTINGS}
    return name.startswith("PORTAL_") and name not in known and not name.startswith(_FOR_TESTS)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address, or None for PostgreSQL."""
    return Path(url.removeprefix("sqlite+aiosqlite:///")) if url.startswith("sqlite") else None


def start_logging(level: str) -> None:
    """JSON lines without payloads: what happened, where, never what was typed."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
