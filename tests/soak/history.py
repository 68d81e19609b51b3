"""What people were told: every form they sent with its answer, and when the database was away."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"
GRACE = timedelta(
    seconds=3
)  # a database that answers again may still refuse connections that were open before


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Action:
    """One form sent by one citizen, as often as it took. `key` is the name it is kept under in the database."""

    citizen: str
    kind: str  # ask, move or cancel
    key: str
    talk: str | None
    slot: str | None
    outcome: str = UNKNOWN
    address: str = ""
    sent: int = 0
    lost: int = 0
    failed_at: list[datetime] = field(default_factory=list)  # when a page said that something went wrong


@dataclass(frozen=True)
class Trouble:
    """An answer of 500 or more: what was asked for, between when and when, and whether it was a calm page."""

    what: str
    status: int
    began: datetime
    ended: datetime
    calm: bool


@dataclass
class History:
    """One run. `strange` holds what was wrong at once; the rest is found by holding it against the database."""

    actions: list[Action] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    away: list[tuple[datetime, datetime]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    letters: Counter[str] = field(default_factory=Counter)  # taken by the mail server, by Message-ID
    anchors: list[Any] = field(default_factory=list)

    @property
    def requests(self) -> int:
        return self.lost + self.answers.total()

    @property
    def acknowledged(self) -> list[Action]:
        return [action for action in self.actions if action.outcome == ACKNOWLEDGED]

    def was_away(self, began: datetime, ended: datetime) -> bool:
        """Whether the database was away at any time in that stretch."""
        return any(began <= back + GRACE and ended >= gone for gone, back in self.away)


def form_key(path: str, who: str, fields: Mapping[str, str]) -> str:
    """The name a form is kept under once it was carried out: the same for a resend, another for other words."""
    sent = sorted((name, value) for name, value in fields.items() if name != "csrf")
    return hashlib.sha256(repr((path, who, sent)).encode()).hexdigest()
