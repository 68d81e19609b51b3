"""The week of a caseworker as slots: a fixed grid, so that two times of one person never overlap."""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Sequence
from datetime import date, datetime, time, timedelta

from portal.domain.calendar import is_working_day, local_instant


def slots(
    first: date, last: date, starts: Sequence[time], minutes: int, closed: Container[date]
) -> Iterator[datetime]:
    """UTC instants of every start on every working day from `first` to `last`.

    ValueError when two starts lie closer than `minutes`: such slots would overlap.
    """
    ordered = sorted(starts)
    for one, other in itertools.pairwise(ordered):
        if (other.hour * 60 + other.minute) - (one.hour * 60 + one.minute) < minutes:
            raise ValueError(f"{one} and {other} are closer than {minutes} minutes")
    day = first
    while day <= last:
        if is_working_day(day, closed):
            for start in ordered:
                yield local_instant(day, start)
        day += timedelta(days=1)
