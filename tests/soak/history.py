"""What people were told: every form they sent with its answer, and when the database was away."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ACKNOWLEDGED, REFUSED, UNKNOWN = "acknowledged", "refused", "unknown"
GRACE = timedelta(
    seconds=3
)  # a database that answers again may still refuse connections that were open before


PATIENCE = 40.0  # seconds after the load in which lost answers may still come


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


@dataclass
class Stretch:
    """How long the load goes on: `seconds`, and on until there is `enough`, but not beyond `at_most` seconds.

    A slow machine takes longer to the same history, instead of coming to a smaller one.
    """

    seconds: float = float("inf")
    enough: Callable[[], bool] = lambda: True
    at_most: float = float("inf")
    began: float | None = None
    ended: float | None = None

    def over(self) -> bool:
        """Whether nothing new is begun; once over, it stays over."""
        now = asyncio.get_running_loop().time()
        if self.began is None:
            self.began = now
        if self.ended is None:
            gone = now - self.began
            if gone >= self.at_most or (gone >= self.seconds and self.enough()):
                self.ended = now
        return self.ended is not None

    def patience_gone(self) -> bool:
        """Whether an answer is no longer waited for either."""
        return self.ended is not None and asyncio.get_running_loop().time() > self.ended + PATIENCE


def form_key(path: str, who: str, fields: Mapping[str, str]) -> str:
    """The name a form is kept under once it was carried out: the same for a resend, another for other words."""
    sent = sorted((name, value) for name, value in fields.items() if name != "csrf")
    return hashlib.sha256(repr((path, who, sent)).encode()).hexdigest()
