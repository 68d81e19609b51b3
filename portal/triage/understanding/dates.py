"""Days in words: "1. september", "midt i august", "efter nytår", "uge 3", "den 15."."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from portal.triage.understanding.grammar import grammar, word_set
from portal.triage.understanding.quantities import meant, text_at, unit_at
from portal.triage.understanding.text import Words
from portal.triage.workdays import easter

ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
AGO = {"sidste maaned": 35, "last month": 35, "sidste uge": 7, "last week": 7}  # days
YEARS = {"sidste aar": -1, "last year": -1, "naeste aar": 1, "next year": 1}  # from this one


@dataclass(frozen=True)
class Day:
    """A day named between those positions; `rough`: by a feast or a season."""

    day: date
    start: int
    end: int
    rough: bool = False


def days(words: Words, today: date, *, ahead: bool = False) -> Iterator[Day]:
    """Every date that is named, as the last one of that name that is not after today, or with `ahead` the next that is not
    before it; a month is its first day, unless its middle or its end is named."""
    dates, at = _Dates(words, today, ahead), 0
    while at < len(words.words):
        found = dates.at(at)
        if found is None:
            at += 1
            continue
        yield found
        at = found.end


@dataclass(frozen=True)
class _Dates:
    """Reads one date of a text; without a year it is the nearest in the direction that is meant."""

    words: Words
    today: date
    ahead: bool

    def at(self, at: int) -> Day | None:
        text, following = text_at(self.words, at), text_at(self.words, at + 1)
        numeric = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})(?:[./-](\d{2,4}))?", text)
        if numeric and unit_at(self.words, at + 1) is None:
            year, _at, end = self._with_year(at, at + 1)
            year = _year(numeric.group(3)) or year
            return self._made(int(numeric.group(1)), int(numeric.group(2)), year, at, end)
        written = re.fullmatch(r"(20\d\d)-(\d{1,2})-(\d{1,2})", text)
        if written:
            return self._made(int(written.group(3)), int(written.group(2)), int(written.group(1)), at, at + 1)
        number = re.fullmatch(r"\d{1,2}", following)
        if text in ("uge", "week") and number and unit_at(self.words, at + 2) is None:
            return self._week(int(following), at)
        day, end = self._day_of_month(at)
        if day is not None:
            month = grammar()["months"][meant(text_at(self.words, end - 1), "months")]
            return self._made(day, month, *self._with_year(at, end))
        feast = self._feast(at)
        return (
            self._turn(at)
            or self._month(at)
            or self._alone(at)
            or (replace(feast, rough=True) if feast else None)
            or self._year_alone(at)
        )

    def _turn(self, at: int) -> Day | None:
        """ "sidste måned", "last week", "starten af i år", "the beginning of this year"."""
        said = self.words.between(at, at + 2)
        if not self.ahead and said in AGO:
            return Day(self.today - timedelta(AGO[said]), at, at + 2, rough=True)
        begins = {text_at(self.words, at - step) for step in (1, 2, 3)} & word_set("years_begin")
        if said in ("this year", "i aar") and begins and not self.ahead:
            return Day(date(self.today.year, 1, 1), at, at + 2)
        return None

    def _alone(self, at: int) -> Day | None:
        """ "den 15.": the next of that number, or the last."""
        number = ORDINAL.fullmatch(text_at(self.words, at + 1))
        if text_at(self.words, at) not in ("den", "d", "the") or number is None or not self._ends(at + 2):
            return None
        day, month = int(number.group(1)), self.today.month
        if self.ahead and day < self.today.day:
            month = month % 12 + 1
        elif not self.ahead and day > self.today.day:
            month = (month - 2) % 12 + 1
        return self._made(day, month, None, at, at + 2)

    def _ends(self, at: int) -> bool:
        """Whether nothing more of a date or a stretch follows."""
        return at >= len(self.words.words) or self.words.words[at].clause != self.words.words[at - 1].clause

    def _day_of_month(self, at: int) -> tuple[int | None, int]:
        """ "1. maj", "ninth of December", "May 3rd": the day, and where its month ends."""
        months = grammar()["months"]
        day = _ordinal(text_at(self.words, at))
        following = at + 1 + (text_at(self.words, at + 1) in ("of", "i"))
        if day is not None and meant(text_at(self.words, following), "months") in months:
            return day, following + 1
        return None, at

    def _with_year(self, at: int, end: int) -> tuple[int | None, int, int]:
        year = _four(self.words, end)
        said = self.words.between(end, end + 2)
        if year is None and said in YEARS:
            return self.today.year + YEARS[said], at, end + 2
        return year, at, end + (year is not None)

    def _month(self, at: int) -> Day | None:
        months, text = grammar()["months"], meant(text_at(self.words, at), "months")
        if text not in months or text == "jul":
            return None
        after = ORDINAL.fullmatch(text_at(self.words, at + 1))
        if after and text != "may" and int(after.group(1)) <= 31 and unit_at(self.words, at + 2) is None:
            return self._made(int(after.group(1)), months[text], None, at, at + 2)
        before = {text_at(self.words, at - step) for step in range(1, 4)}
        if text in ("mar", "may") and text_at(self.words, at - 1) not in word_set("months_after"):
            return None
        last = text_at(self.words, at + 1) in ("sidste", "last")
        year, _at, end = self._with_year(at, at + 1)
        found = self._made(1, months[text], year, at, max(end, at + 1 + last))
        if found is None:
            return None
        day = found.day
        if last and day.year == self.today.year:
            day = day.replace(year=day.year - 1)
        if before & word_set("months_end") or text_at(self.words, at + 1) == "ud":
            day = month_end(day)
        elif before & word_set("months_middle"):
            day = day.replace(day=15)
        if self.ahead and year is None and day < self.today:
            day = day.replace(year=day.year + 1)
        return Day(day, found.start, found.end)

    def _feast(self, at: int) -> Day | None:
        text = text_at(self.words, at)
        year = _four(self.words, at + 1)
        end = at + 1 + (year is not None)
        following = text_at(self.words, at + 1)
        if (text in ("new", "ny", "nye") and following in ("year", "years", "aar")) or (
            text == "sankt" and following == "hans"
        ):
            return self._made(*((1, 1) if text != "sankt" else (23, 6)), None, at, at + 2)
        if text == "sommerferien" and text_at(self.words, at - 1) in ("efter", "after"):
            return self._made(10, 8, year, at, end)
        if text in grammar()["movable"]:
            off = timedelta(grammar()["movable"][text])
            every = [easter(one) + off for one in range(self.today.year - 1, self.today.year + 2)]
            past, to_come = (
                [day for day in every if day <= self.today],
                [day for day in every if day > self.today],
            )
            return Day(easter(year) + off if year else to_come[0] if self.ahead else past[-1], at, end)
        if text in grammar()["feasts"]:
            month, day = grammar()["feasts"][text]
            return self._made(day, month, year, at, end)
        if text in grammar()["seasons"]:
            last = text_at(self.words, at - 1) in ("sidste", "last")  # "sidste sommer" is last year's
            return self._made(1, grammar()["seasons"][text], self.today.year - 1 if last else year, at, end)
        return None

    def _year_alone(self, at: int) -> Day | None:
        text = text_at(self.words, at)
        if re.fullmatch(r"20[0-3]\d|19\d\d", text) and text_at(self.words, at - 1) in (
            "siden",
            "since",
            "i",
            "in",
            "af",
            "of",
        ):
            return Day(date(int(text), 1, 1), at, at + 1)
        return None

    def _week(self, number: int, at: int) -> Day | None:
        """The Monday of a numbered week."""
        for year in (self.today.year + step for step in ((0, 1) if self.ahead else (0, -1))):
            try:
                found = date.fromisocalendar(year, number, 1)
            except ValueError:
                continue
            if (found >= self.today) if self.ahead else (found <= self.today):
                return Day(found, at, at + 2)
        return None

    def _made(self, day: int, month: int, year: int | None, start: int, end: int) -> Day | None:
        try:
            found = date(year or self.today.year, month, day)
            if year is None and not self.ahead and found > self.today:
                found = date(self.today.year - 1, month, day)
            elif (
                year is None and self.ahead and found < self.today and (day > 1 or month != self.today.month)
            ):
                found = date(self.today.year + 1, month, day)
        except ValueError:
            return None
        return Day(found, start, end)


def _ordinal(text: str) -> int | None:
    found = ORDINAL.fullmatch(text)
    named = grammar()["ordinals"].get(text)
    return int(found.group(1)) if found else int(named) if named else None


def _four(words: Words, at: int) -> int | None:
    found = re.fullmatch(r"(19|20)\d\d", text_at(words, at))
    return int(found.group()) if found else None


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    value = int(text)
    return value if value > 99 else 2000 + value if value < 40 else 1900 + value


def month_end(day: date) -> date:
    """The last day of that month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
