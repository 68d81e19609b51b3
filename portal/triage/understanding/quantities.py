"""Numbers, spans and dates in words: "et halvt års tid", "siden 1. september", "midt i trediverne", "født i 74"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from portal.triage.understanding.grammar import grammar, numbers, word_set
from portal.triage.understanding.text import Words
from portal.triage.workdays import easter

HALVES = {
    "halv": 0.5,
    "halvt": 0.5,
    "half": 0.5,
    "halvandet": 1.5,
    "halvanden": 1.5,
    "kvart": 0.25,
    "quarter": 0.25,
    "trekvart": 0.75,
}
WHOLE = (
    "more",
    "hele",
    "helt",
    "hel",
    "full",
    "whole",
    "rum",
    "gode",
    "ca",
    "lange",
    "long",
    "solid",
    "good",
    "ledige",
)
LONG = {"units": 4, "months": 5}  # letters a word must have before a slip of the finger is read over
YEARS = {"sidste aar": -1, "last year": -1, "naeste aar": 1, "next year": 1}  # from this one
LONGER = 6  # and before two are
FEW = {"par": 2, "couple": 2, "few": 3}
ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")


@dataclass(frozen=True)
class Number:
    value: float
    start: int
    end: int
    high: float | None = None  # the upper end of "fem-seks", "8 til 10"


@dataclass(frozen=True)
class Span:
    """A stretch of time in days, between those positions."""

    days: float
    start: int
    end: int
    high: float | None = None


def number_at(words: Words, at: int) -> Number | None:
    """The number that begins there, over as many words as belong to it."""
    first = _single(words, at)
    if first is None:
        return None
    value, end = first
    following = words.words[end].text if end < len(words.words) else ""
    if value < 10 and following in ("og", "aa", "and") and end + 1 < len(words.words):
        tens = _single(words, end + 1)
        if tens and tens[0] in range(20, 100, 10):
            return _ranged(words, Number(value + tens[0], at, tens[1]))
    if value in range(20, 100, 10):
        one = _single(words, end) if end < len(words.words) and _goes_on(words, end) else None
        if (
            one
            and 1 <= one[0] <= 9
            and words.words[end].text
            in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        ):
            return _ranged(words, Number(value + one[0], at, one[1]))
    return _ranged(words, Number(value, at, end))


def _goes_on(words: Words, at: int) -> bool:
    """Whether the word there is in the clause of the one before it: "fyrre, tre måneder" is no forty-three."""
    return words.words[at].clause == words.words[at - 1].clause


def _single(words: Words, at: int) -> tuple[float, int] | None:
    text = _text(words, at)
    if re.fullmatch(r"\d{1,4}", text):
        return float(text), at + 1
    if re.fullmatch(r"\d{1,2}-\d{1,2}", text):
        return float(text.split("-")[0]), at + 1
    digits = re.fullmatch(r"(\d{1,3})[.,](\d)", text)
    if digits:
        return float(f"{digits.group(1)}.{digits.group(2)}"), at + 1
    if text in numbers():
        return float(numbers()[text]), at + 1
    return None


def _ranged(words: Words, low: Number) -> Number:
    """ "8 til 10", "fem-seks", "3-4": a number with an upper end."""
    at = low.end
    pair = re.fullmatch(r"(\d{1,2})-(\d{1,2})", words.words[low.start].text)
    if pair:
        return Number(low.value, low.start, low.end, float(pair.group(2)))
    between = at < len(words.words) and words.words[at].text in ("til", "to", "eller", "or", "a")
    at += between
    if at < len(words.words) and words.words[at].sentence == words.words[low.start].sentence:
        other = _single(words, at)
        if other and low.value < other[0] <= (
            low.value * 2 + 2 if between else low.value + max(1, low.value // 2)
        ):
            return Number(low.value, low.start, other[1], other[0])
    return low


def spans(words: Words) -> Iterator[Span]:
    """Every stretch of time, the longest reading of each."""
    at = 0
    while at < len(words.words):
        found = _span(words, at)
        if found is None:
            at += 1
            continue
        more = _span(words, found.end + 1) if _text(words, found.end) in ("og", "and") else None
        if more and more.days < found.days:
            found = Span(found.days + more.days, found.start, more.end)
        yield found
        at = found.end


def _text(words: Words, at: int) -> str:
    return words.words[at].text if 0 <= at < len(words.words) else ""


def _unit(words: Words, at: int) -> float | None:
    found = grammar()["units"].get(_meant(_text(words, at), "units"))
    return float(found) if found is not None else None


@cache
def _meant(text: str, kind: str) -> str:
    """The unit or month that was meant by a word with one slip of the finger in it: "måndr", "septemer"."""
    known = grammar()[kind]
    if text in known or len(text) < LONG[kind] or not text.isalpha() or text in word_set("no_time"):
        return text
    near = process.extractOne(
        text,
        [one for one in known if one[0] == text[0] and len(one) >= LONG[kind]],
        scorer=OSA.distance,
        score_cutoff=1 if len(text) < LONGER else 2,
    )
    return str(near[0]) if near else text


def _span(words: Words, at: int) -> Span | None:
    text = _text(words, at)
    if text == "fortnight":
        return Span(14, at, at + 1)
    glued = re.fullmatch(r"(\d{1,4})([a-z]+)", text)
    if glued and glued.group(2) in grammar()["units"]:
        return Span(int(glued.group(1)) * grammar()["units"][glued.group(2)], at, at + 1)
    return _without_figure(words, at) or _with_figure(words, at) or _counted_on(words, at)


def _counted_on(words: Words, at: int) -> Span | None:
    """ "på fjerde måned", "in my third week": as many as have begun."""
    number, unit = grammar()["ordinals"].get(_text(words, at)), _unit(words, at + 1)
    if number is None or unit is None or _text(words, at - 1) not in ("paa", "my", "min", "mit"):
        return None
    return Span(number * unit, at, at + 2)


def _without_figure(words: Words, at: int) -> Span | None:
    """ "et halvt år", "a couple of weeks", "en måned"."""
    begin = at + (
        _text(words, at) in ("et", "en", "a", "an", "one", "ca", "naesten", "about", "snart", "godt")
    )
    factors = {**HALVES, **FEW}
    word = _text(words, begin)
    if word in factors:
        after = begin + 1 + (_text(words, begin + 1) in ("of", "a", "et", "an"))
        unit = _unit(words, after)
        if unit is not None:
            return _and_a_half(words, Span(factors[word] * unit, at, after + 1), unit)
    if (
        begin > at and _text(words, begin) in ("og", "and") and _text(words, begin + 1) in HALVES
    ):  # "et og trekvart år"
        unit = _unit(words, begin + 2)
        if unit is not None:
            return Span((1 + HALVES[_text(words, begin + 1)]) * unit, at, begin + 3)
    if begin > at and _text(words, begin) in WHOLE:
        begin += 1
    if begin > at and (unit := _unit(words, begin)) is not None:
        return _and_a_half(words, Span(unit, at, begin + 1), unit)
    return None


def _with_figure(words: Words, at: int) -> Span | None:
    """ "fem uger", "8 til 10 uger", "two and a half years"."""
    number = number_at(words, at)
    if number is None:
        return None
    end, value = number.end, number.value
    halves = _text(words, end + 1) in ("a", "en", "et") and _text(words, end + 2) in ("half", "halv", "halvt")
    if (
        _text(words, end) in ("and", "og")
        and _text(words, end + 1) in ("half", "halv", "halvt")
        and ((unit := _unit(words, end + 2)) is not None)
    ):  # "to og et halvt år" without its "et"
        return Span((value + 0.5) * unit, at, end + 3)
    if _text(words, end) in ("and", "og") and halves:
        value, end = value + 0.5, end + 3
    if _text(words, end) in ("en", "et", "a") and _text(words, end + 1) in (
        "half",
        "halv",
        "halvt",
    ):  # "to en halv måned"
        value, end = value + 0.5, end + 2
    while _text(words, end) in WHOLE:
        end += 1
    unit = _unit(words, end)
    if unit is None:
        return None
    if _text(words, end + 1) in ("and", "og"):
        for step in (3, 2):  # "to år og et halvt", "to år og halv"
            if _text(words, end + step) in ("half", "halv", "halvt"):
                return Span((value + 0.5) * unit, at, end + step + 1)
    return Span(value * unit, at, end + 1, number.high * unit if number.high else None)


def _and_a_half(words: Words, span: Span, unit: float) -> Span:
    if _text(words, span.end) in ("and", "og") and _text(words, span.end + 2) in ("half", "halvt", "halv"):
        return Span(span.days + unit / 2, span.start, span.end + 3)
    return span


# ------------------------------------------------------------------ dates


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
        text, following = _text(self.words, at), _text(self.words, at + 1)
        numeric = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})(?:[./-](\d{2,4}))?", text)
        if numeric and _unit(self.words, at + 1) is None:
            year, _at, end = self._with_year(at, at + 1)
            year = _year(numeric.group(3)) or year
            return self._made(int(numeric.group(1)), int(numeric.group(2)), year, at, end)
        written = re.fullmatch(r"(20\d\d)-(\d{1,2})-(\d{1,2})", text)
        if written:
            return self._made(int(written.group(3)), int(written.group(2)), int(written.group(1)), at, at + 1)
        number = re.fullmatch(r"\d{1,2}", following)
        if text in ("uge", "week") and number and _unit(self.words, at + 2) is None:
            return self._week(int(following), at)
        day, end = self._day_of_month(at)
        if day is not None:
            month = grammar()["months"][_meant(_text(self.words, end - 1), "months")]
            return self._made(day, month, *self._with_year(at, end))
        feast = self._feast(at)
        return (
            self._month(at)
            or self._alone(at)
            or (replace(feast, rough=True) if feast else None)
            or self._year_alone(at)
        )

    def _alone(self, at: int) -> Day | None:
        """ "den 15.": the next of that number, or the last."""
        number = ORDINAL.fullmatch(_text(self.words, at + 1))
        if _text(self.words, at) not in ("den", "d", "the") or number is None or not self._ends(at + 2):
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
        day = _ordinal(_text(self.words, at))
        following = at + 1 + (_text(self.words, at + 1) in ("of", "i"))
        if day is not None and _meant(_text(self.words, following), "months") in months:
            return day, following + 1
        return None, at

    def _with_year(self, at: int, end: int) -> tuple[int | None, int, int]:
        year = _four(self.words, end)
        said = self.words.between(end, end + 2)
        if year is None and said in YEARS:
            return self.today.year + YEARS[said], at, end + 2
        return year, at, end + (year is not None)

    def _month(self, at: int) -> Day | None:
        months, text = grammar()["months"], _meant(_text(self.words, at), "months")
        if text not in months or text == "jul":
            return None
        after = ORDINAL.fullmatch(_text(self.words, at + 1))
        if after and text != "may" and int(after.group(1)) <= 31 and _unit(self.words, at + 2) is None:
            return self._made(int(after.group(1)), months[text], None, at, at + 2)
        before = {_text(self.words, at - step) for step in range(1, 4)}
        if text in ("mar", "may") and _text(self.words, at - 1) not in word_set("months_after"):
            return None
        last = _text(self.words, at + 1) in ("sidste", "last")
        year, _at, end = self._with_year(at, at + 1)
        found = self._made(1, months[text], year, at, max(end, at + 1 + last))
        if found is None:
            return None
        day = found.day
        if last and day.year == self.today.year:
            day = day.replace(year=day.year - 1)
        if before & word_set("months_end") or _text(self.words, at + 1) == "ud":
            day = month_end(day)
        elif before & word_set("months_middle"):
            day = day.replace(day=15)
        if self.ahead and year is None and day < self.today:
            day = day.replace(year=day.year + 1)
        return Day(day, found.start, found.end)

    def _feast(self, at: int) -> Day | None:
        text = _text(self.words, at)
        year = _four(self.words, at + 1)
        end = at + 1 + (year is not None)
        following = _text(self.words, at + 1)
        if (text in ("new", "ny", "nye") and following in ("year", "years", "aar")) or (
            text == "sankt" and following == "hans"
        ):
            return self._made(*((1, 1) if text != "sankt" else (23, 6)), None, at, at + 2)
        if text == "sommerferien" and _text(self.words, at - 1) in ("efter", "after"):
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
            return self._made(1, grammar()["seasons"][text], year, at, end)
        return None

    def _year_alone(self, at: int) -> Day | None:
        text = _text(self.words, at)
        if re.fullmatch(r"20[0-3]\d|19\d\d", text) and _text(self.words, at - 1) in (
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
    found = re.fullmatch(r"(19|20)\d\d", _text(words, at))
    return int(found.group()) if found else None


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    value = int(text)
    return value if value > 99 else 2000 + value if value < 40 else 1900 + value


def weeks(of_days: float) -> int:
    """Whole weeks: a month is 52/12 of them."""
    return round(of_days / 7 * 364 / 365.25) if of_days > 60 else round(of_days / 7)


def month_end(day: date) -> date:
    """The last day of that month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
