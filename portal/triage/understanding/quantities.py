"""Numbers, spans and dates in words: "et halvt års tid", "siden 1. september", "midt i trediverne", "født i 74"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from portal.triage.understanding.grammar import grammar, numbers, word_set
from portal.triage.understanding.text import Words

HALVES = {
    "halv": 0.5,
    "halvt": 0.5,
    "half": 0.5,
    "halvandet": 1.5,
    "halvanden": 1.5,
    "kvart": 0.25,
    "quarter": 0.25,
}
FEW = {"par": 2, "couple": 2, "few": 3}
ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
SEASONS = {"vinter": 1, "winter": 1, "foraar": 4, "foraaret": 4, "spring": 4, "sommer": 7, "summer": 7, "sommeren": 7, "efteraar": 10, "efteraaret": 10, "autumn": 10,
           "fall": 10, "paaske": 4, "easter": 4, "jul": 12, "christmas": 12, "nytaar": 1}  # fmt: skip


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
        one = _single(words, end) if end < len(words.words) else None
        if (
            one
            and 1 <= one[0] <= 9
            and words.words[end].text
            in ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        ):
            return _ranged(words, Number(value + one[0], at, one[1]))
    return _ranged(words, Number(value, at, end))


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
    if at < len(words.words) and words.words[at].text in ("til", "to", "eller", "or", "a"):
        at += 1
    if at < len(words.words) and words.words[at].sentence == words.words[low.start].sentence:
        other = _single(words, at)
        if other and low.value < other[0] <= low.value * 2 + 2:
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
    return words.words[at].text if at < len(words.words) else ""


def _unit(words: Words, at: int) -> float | None:
    found = grammar()["units"].get(_text(words, at))
    return float(found) if found is not None else None


def _span(words: Words, at: int) -> Span | None:
    text = _text(words, at)
    if text == "fortnight":
        return Span(14, at, at + 1)
    glued = re.fullmatch(r"(\d{1,4})([a-z]+)", text)
    if glued and glued.group(2) in grammar()["units"]:
        return Span(int(glued.group(1)) * grammar()["units"][glued.group(2)], at, at + 1)
    return _without_figure(words, at) or _with_figure(words, at)


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
    if _text(words, end) in ("and", "og") and halves:
        value, end = value + 0.5, end + 3
    while _text(words, end) in ("more", "hele", "full", "whole", "rum", "gode", "ca"):
        end += 1
    unit = _unit(words, end)
    if unit is None:
        return None
    if _text(words, end + 1) in ("and", "og") and _text(words, end + 3) in ("half", "halv", "halvt"):
        return Span((value + 0.5) * unit, at, end + 4)
    return Span(value * unit, at, end + 1, number.high * unit if number.high else None)


def _and_a_half(words: Words, span: Span, unit: float) -> Span:
    if _text(words, span.end) in ("and", "og") and _text(words, span.end + 2) in ("half", "halvt", "halv"):
        return Span(span.days + unit / 2, span.start, span.end + 3)
    return span


# ------------------------------------------------------------------ dates


@dataclass(frozen=True)
class Day:
    day: date
    start: int
    end: int


def days(words: Words, today: date) -> Iterator[Day]:
    """Every date that is named, as the last one of that name that is not after today; a month is its first day."""
    at = 0
    while at < len(words.words):
        found = _day(words, at, today)
        if found is None:
            at += 1
            continue
        yield found
        at = found.end


def _day(words: Words, at: int, today: date) -> Day | None:
    text = _text(words, at)
    numeric = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})(?:[./-](\d{2,4}))?", text)
    if numeric and _unit(words, at + 1) is None:
        return _made(int(numeric.group(1)), int(numeric.group(2)), _year(numeric.group(3)), today, at, at + 1)
    months = grammar()["months"]
    ordinal = ORDINAL.fullmatch(text)
    following = at + 1 + (_text(words, at + 1) in ("of",))
    if ordinal and _text(words, following) in months:
        end = following + 1
        year = _four(words, end)
        return _made(
            int(ordinal.group(1)), months[_text(words, following)], year, today, at, end + (year is not None)
        )
    if text in months:
        after = ORDINAL.fullmatch(_text(words, at + 1))
        if after and text != "may" and int(after.group(1)) <= 31 and _unit(words, at + 2) is None:
            return _made(int(after.group(1)), months[text], None, today, at, at + 2)
        if text in ("jul", "mar", "may") and _text(words, at - 1) not in word_set("months_after"):
            return None
        last = _text(words, at + 1) in ("sidste", "last")
        year = _four(words, at + 1)
        found = _made(1, months[text], year, today, at, at + 1 + (year is not None or last))
        if found and last and found.day.year == today.year:
            return Day(found.day.replace(year=today.year - 1), found.start, found.end)
        return found
    if text in SEASONS and text != "jul":
        return _made(1, SEASONS[text], None, today, at, at + 1)
    if re.fullmatch(r"20[0-3]\d|19\d\d", text) and _text(words, at - 1) in ("siden", "since", "i", "in"):
        return Day(date(int(text), 1, 1), at, at + 1)
    return None


def _four(words: Words, at: int) -> int | None:
    found = re.fullmatch(r"(19|20)\d\d", _text(words, at))
    return int(found.group()) if found else None


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    value = int(text)
    return value if value > 99 else 2000 + value if value < 40 else 1900 + value


def _made(day: int, month: int, year: int | None, today: date, start: int, end: int) -> Day | None:
    try:
        found = date(year or today.year, month, day)
    except ValueError:
        return None
    if year is None and found > today:
        found = found.replace(year=today.year - 1) if (month, day) != (2, 29) else found - timedelta(days=365)
    return Day(found, start, end)


def next_of(day: date, today: date) -> date:
    """The same day of the year, the next time it comes."""
    return (
        day
        if day >= today
        else day.replace(year=day.year + 1)
        if (day.month, day.day) != (2, 29)
        else day + timedelta(days=365)
    )


def weeks(of_days: float) -> int:
    """Whole weeks: a month is 52/12 of them."""
    return round(of_days / 7 * 364 / 365.25) if of_days > 60 else round(of_days / 7)


def month_end(day: date) -> date:
    """The last day of that month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
