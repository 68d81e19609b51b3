"""Numbers and stretches of time in words: "et halvt års tid", "fem-seks uger", "to og et halvt år"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

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
LONGER = 6  # and before two are
FEW = {"par": 2, "couple": 2, "few": 3}


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
    text = text_at(words, at)
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
    if at < len(words.words) and not _goes_on(words, at):
        return low
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
        more = _span(words, found.end + 1) if text_at(words, found.end) in ("og", "and") else None
        if more and more.days < found.days:
            found = Span(found.days + more.days, found.start, more.end)
        yield found
        at = found.end


def text_at(words: Words, at: int) -> str:
    return words.words[at].text if 0 <= at < len(words.words) else ""


def unit_at(words: Words, at: int) -> float | None:
    found = grammar()["units"].get(meant(text_at(words, at), "units"))
    return float(found) if found is not None else None


@cache
def meant(text: str, kind: str) -> str:
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
    text = text_at(words, at)
    if text == "fortnight":
        return Span(14, at, at + 1)
    glued = re.fullmatch(r"(\d{1,4})([a-z]+)", text)
    if glued and glued.group(2) in grammar()["units"]:
        return Span(int(glued.group(1)) * grammar()["units"][glued.group(2)], at, at + 1)
    return _without_figure(words, at) or _with_figure(words, at) or _counted_on(words, at)


def _counted_on(words: Words, at: int) -> Span | None:
    """ "på fjerde måned", "in my third week": as many as have begun."""
    number, unit = grammar()["ordinals"].get(text_at(words, at)), unit_at(words, at + 1)
    if number is None or unit is None or text_at(words, at - 1) not in ("paa", "my", "min", "mit"):
        return None
    return Span(number * unit, at, at + 2)


def _without_figure(words: Words, at: int) -> Span | None:
    """ "et halvt år", "a couple of weeks", "en måned"."""
    begin = at + (
        text_at(words, at) in ("et", "en", "a", "an", "one", "ca", "naesten", "about", "snart", "godt")
    )
    factors = {**HALVES, **FEW}
    word = text_at(words, begin)
    if word in factors:
        after = begin + 1 + (text_at(words, begin + 1) in ("of", "a", "et", "an"))
        unit = unit_at(words, after)
        if unit is not None:
            return _and_a_half(words, Span(factors[word] * unit, at, after + 1), unit)
    if (
        begin > at and text_at(words, begin) in ("og", "and") and text_at(words, begin + 1) in HALVES
    ):  # "et og trekvart år"
        unit = unit_at(words, begin + 2)
        if unit is not None:
            return Span((1 + HALVES[text_at(words, begin + 1)]) * unit, at, begin + 3)
    if begin > at and text_at(words, begin) in WHOLE:
        begin += 1
    if begin > at and (unit := unit_at(words, begin)) is not None:
        return _and_a_half(words, Span(unit, at, begin + 1), unit)
    return None


def _with_figure(words: Words, at: int) -> Span | None:
    """ "fem uger", "8 til 10 uger", "two and a half years"."""
    number = number_at(words, at)
    if number is None:
        return None
    end, value = number.end, number.value
    halves = text_at(words, end + 1) in ("a", "en", "et") and text_at(words, end + 2) in (
        "half",
        "halv",
        "halvt",
    )
    if (
        text_at(words, end) in ("and", "og")
        and text_at(words, end + 1) in ("half", "halv", "halvt")
        and ((unit := unit_at(words, end + 2)) is not None)
    ):  # "to og et halvt år" without its "et"
        return Span((value + 0.5) * unit, at, end + 3)
    if text_at(words, end) in ("and", "og") and halves:
        value, end = value + 0.5, end + 3
    if text_at(words, end) in ("en", "et", "a") and text_at(words, end + 1) in (
        "half",
        "halv",
        "halvt",
    ):  # "to en halv måned"
        value, end = value + 0.5, end + 2
    while text_at(words, end) in WHOLE:
        end += 1
    unit = unit_at(words, end)
    if unit is None:
        return None
    if text_at(words, end + 1) in ("and", "og"):
        for step in (3, 2):  # "to år og et halvt", "to år og halv"
            if text_at(words, end + step) in ("half", "halv", "halvt"):
                return Span((value + 0.5) * unit, at, end + step + 1)
    return Span(value * unit, at, end + 1, number.high * unit if number.high else None)


def _and_a_half(words: Words, span: Span, unit: float) -> Span:
    """ "et år og et halvt", "a year and half"."""
    if text_at(words, span.end) in ("and", "og"):
        for step in (2, 1):
            if text_at(words, span.end + step) in ("half", "halvt", "halv"):
                return Span(span.days + unit / 2, span.start, span.end + step + 1)
    return span


def weeks(of_days: float) -> int:
    """Whole weeks: a month is 52/12 of them."""
    return round(of_days / 7 * 364 / 365.25) if of_days > 60 else round(of_days / 7)
