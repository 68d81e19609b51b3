"""Days: working days, due dates and the latest bookable day. No clock and no list of holidays in here.

A due date ends where the next local day begins (Europe/Copenhagen); instants are UTC everywhere else.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
SATURDAY = 5


@dataclass(frozen=True)
class DueDate:
    """`due_on` is the last date on which the promise can be kept; `latest_bookable` the last working day up to
    it, or None when no working day is left."""

    guarantee_days: int
    due_on: date
    latest_bookable: date | None


def local_date(instant: datetime) -> date:
    """The date in Copenhagen at `instant`, which must be aware."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(COPENHAGEN).date()


def local_instant(day: date, at: time) -> datetime:
    """The UTC instant of a wall-clock time in Copenhagen."""
    return datetime.combine(day, at, tzinfo=COPENHAGEN).astimezone(UTC)


def is_working_day(day: date, closed: Container[date]) -> bool:
    return day.weekday() < SATURDAY and day not in closed


def add_working_days(day: date, count: int, closed: Container[date]) -> date:
    """The `count`-th working day after `day` (0 gives `day` itself)."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, closed)
    return day


def working_days_between(start: date, end: date, closed: Container[date]) -> int:
    """How many working days lie after `start`, up to and including `end`."""
    days = (end - start).days
    return sum(is_working_day(start + timedelta(days=n), closed) for n in range(1, days + 1))


def due_date(asked_at: datetime, guarantee_days: int, closed: Container[date]) -> DueDate:
    """The promise made to somebody who asked at `asked_at`; the day of asking is day 0 (DOMAIN section 4)."""
    asked_on = local_date(asked_at)
    due_on = asked_on + timedelta(days=guarantee_days)
    latest: date | None = due_on
    while latest is not None and not is_working_day(latest, closed):
        latest = latest - timedelta(days=1) if latest > asked_on else None
    return DueDate(guarantee_days, due_on, latest)


def is_past(due_on: date, now: datetime) -> bool:
    """Whether the local day `due_on` has ended at `now`."""
    return local_date(now) > due_on
