"""A company's request: the arithmetic of its conditions, and its states. Figures come in as arguments.

Figures are exact: 0.6 + 3 × 29.6/37 is 3, not a little more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from portal.domain.people import Role
from portal.domain.transition import Transition, table

Number = Decimal | int


@dataclass(frozen=True)
class RatioFigures:
    """The ladder: one supported person for every `first_per` of the first `first_staff`, then every `next_per`."""

    first_staff: Number
    first_per: Number
    next_per: Number
    at_least: Number
    full_time: Number


@dataclass(frozen=True)
class Ratio:
    """`limit` and `asked` in full-time persons; `largest` positions that would pass, None when hours are not above 0."""

    limit: int
    asked: Fraction
    largest: int | None

    @property
    def room(self) -> Fraction:
        return self.limit - self.asked


def ratio(
    *, ordinary: Number, supported: Number, positions: int, weekly_hours: Number, figures: RatioFigures
) -> Ratio:
    """The ratio of supported to ordinary staff at one P-number (BAB § 65 as read in DOMAIN section 6)."""
    staff = Fraction(ordinary)
    first = min(staff, Fraction(figures.first_staff)) / Fraction(figures.first_per)
    beyond = max(staff - Fraction(figures.first_staff), Fraction(0)) / Fraction(figures.next_per)
    limit = max(int(figures.at_least), floor(first)) + floor(beyond)
    each = Fraction(weekly_hours) / Fraction(figures.full_time)
    asked = Fraction(supported) + positions * each
    largest = max(0, floor((limit - Fraction(supported)) / each)) if each > 0 else None
    return Ratio(limit, asked, largest)


# ------------------------------------------------------------------ states

DRAFT, SENT, CLAIMED, ASKED, GRANTED, REFUSED, WITHDRAWN, CLOSED = (
    "draft",
    "sent",
    "claimed",
    "asked",
    "granted",
    "refused",
    "withdrawn",
    "closed",
)
STATES = (DRAFT, SENT, CLAIMED, ASKED, GRANTED, REFUSED, WITHDRAWN, CLOSED)


_HANDLERS = (Role.CASEWORKER, Role.TEAM_LEAD)
TRANSITIONS: Mapping[str, Transition] = table(
    Transition.of("save", (DRAFT,), DRAFT, Role.EMPLOYER),
    Transition.of("send", (DRAFT,), SENT, Role.EMPLOYER),
    Transition.of("add_information", (SENT, CLAIMED, ASKED), None, Role.EMPLOYER),
    Transition.of("answer", (ASKED,), CLAIMED, Role.EMPLOYER),
    Transition.of("withdraw", (SENT, CLAIMED, ASKED), WITHDRAWN, Role.EMPLOYER),
    Transition.of("read", (SENT, CLAIMED, ASKED), None, *_HANDLERS),
    Transition.of("claim", (SENT,), CLAIMED, *_HANDLERS),
    Transition.of("release", (CLAIMED, ASKED), SENT, *_HANDLERS),
    Transition.of("hand_over", (SENT, CLAIMED, ASKED), SENT, *_HANDLERS),
    Transition.of("ask", (CLAIMED, ASKED), ASKED, *_HANDLERS),
    Transition.of("note_candidate", (SENT, CLAIMED, ASKED), None, *_HANDLERS),
    Transition.of("confirm_candidate", (SENT, CLAIMED, ASKED), None, Role.CITIZEN),
    Transition.of("grant", (CLAIMED, ASKED), GRANTED, *_HANDLERS),
    Transition.of("refuse", (CLAIMED, ASKED), REFUSED, *_HANDLERS),
    Transition.of("close", (GRANTED, REFUSED, WITHDRAWN), CLOSED, *_HANDLERS),
)
OPEN = frozenset({SENT, CLAIMED, ASKED})
DECIDED = frozenset({GRANTED, REFUSED})
