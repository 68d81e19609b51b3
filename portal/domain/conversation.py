"""A conversation a citizen has asked for: its states, and what keeps or waives the promise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from portal.domain.people import Role
from portal.domain.transition import Transition, table

WAITING, BOOKED, HELD, MISSED, CANCELLED = "waiting", "booked", "held", "missed", "cancelled"
STATES = (WAITING, BOOKED, HELD, MISSED, CANCELLED)
OPEN = frozenset({WAITING, BOOKED})

_DESK = (Role.CASEWORKER, Role.TEAM_LEAD)
TRANSITIONS: Mapping[str, Transition] = table(
    Transition.of("book", (WAITING,), BOOKED, Role.CITIZEN, *_DESK),
    Transition.of("move", (BOOKED,), BOOKED, Role.CITIZEN, *_DESK),
    Transition.of("cancel", (WAITING, BOOKED), CANCELLED, Role.CITIZEN, *_DESK),
    Transition.of("lose_time", (BOOKED,), WAITING, *_DESK),
    Transition.of("hold", (BOOKED,), HELD, *_DESK),
    Transition.of("miss", (BOOKED,), MISSED, *_DESK),
    Transition.of("claim", (WAITING, BOOKED), None, *_DESK),
    Transition.of("hand_over", (WAITING, BOOKED), None, *_DESK),
)


def in_time(held_on: date | None, due_on: date) -> bool:
    """A conversation on that day keeps the promise, however late somebody notes that it was held."""
    return held_on is not None and held_on <= due_on


def waives_promise(role: Role, new_day: date, due_on: date) -> bool:
    """Only the citizen's own choice of a day past the due date waives; a move by the municipality never does."""
    return role is Role.CITIZEN and new_day > due_on
