"""Where the demo lies, and its clock: past working days at given hours."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from portal.domain.calendar import is_working_day, local_date, local_instant
from portal.triage.workdays import ClosedDays

CODE = "740"
CLOSED = ClosedDays()


def working_day_before(day: date, count: int) -> date:
    while count > 0:
        day -= timedelta(days=1)
        count -= is_working_day(day, CLOSED)
    return day


def at_clock(now: datetime, working_days_ago: int, hour: int) -> datetime:
    return min(now, local_instant(working_day_before(local_date(now), working_days_ago), time(hour, 12)))
