"""The days nobody works: Denmark's statutory holidays, and with them the earliest start and the due date.

Store bededag stopped being one in 2024; 5 June, 24 and 31 December are not statutory either.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

import holidays


@cache
def _of_year(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DK", years=year))


@cache
def easter(year: int) -> date:
    """Easter Sunday."""
    named = holidays.country_holidays("DK", years=year, language="en_US")
    return next(day for day, name in named.items() if name == "Easter Sunday")


class ClosedDays:
    """The statutory holidays of every year, and the municipality's own closing days."""

    def __init__(self, municipal: Iterable[date] = ()) -> None:
        self._municipal = frozenset(municipal)

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and (day in self._municipal or day in _of_year(day.year))
