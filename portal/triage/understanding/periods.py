"""Lengths of time and days in a message, each with the words around it, by which is learnt what it is about: how long one has
been without work, when one will be back, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from portal.triage.understanding.dates import days
from portal.triage.understanding.marks import Marks, numbered
from portal.triage.understanding.quantities import spans, weeks
from portal.triage.understanding.text import Words, flat

UNEMPLOYED, AWAY = "weeks_unemployed", "expected_weeks_sick"
AROUND = 5  # words before and after it
SIZES = {"weeks": 8, "months": 51, "years": 259}  # up to so many weeks


@dataclass(frozen=True)
class Period:
    """Where it stands (`start` to before `end`), how many weeks it would come to for each fact it may be about, and its marks."""

    start: int
    end: int
    weeks: Mapping[str, int]
    marks: Marks


def periods(words: Words, today: date) -> Iterator[Period]:
    """Every length of time; and every day that belongs to none, as the last and as the next of its name."""
    taken: list[range] = []
    for span in spans(words):
        taken.append(range(span.start, span.end))
        lasted = weeks(span.days)
        to_come = weeks((span.days + (span.high or span.days)) / 2)
        size = next((name for name, most in SIZES.items() if lasted <= most), "many")
        kind = {"kind:span", f"size:{size}", f"unit:{flat(words.words[span.end - 1].text)}"}
        yield _period(words, span.start, span.end, {UNEMPLOYED: lasted, AWAY: to_come}, kind)
    meant: dict[tuple[int, int], dict[str, int]] = {}
    for day in days(words, today):
        meant.setdefault((day.start, day.end), {})[UNEMPLOYED] = max(0, (today - day.day).days // 7)
    for day in days(words, today, ahead=True):
        meant.setdefault((day.start, day.end), {})[AWAY] = max(0, round((day.day - today).days / 7))
    for (start, end), facts in meant.items():
        if all(start >= one.stop or end <= one.start for one in taken):
            yield _period(words, start, end, facts, {"kind:day"})


def _period(words: Words, start: int, end: int, facts: Mapping[str, int], kind: set[str]) -> Period:
    sentence = words.words[start].sentence
    near = [(at, flat(word.text)) for at, word in enumerate(words.words) if word.sentence == sentence]
    before = [text for at, text in near if at < start][-AROUND:][::-1]
    after = [text for at, text in near if at >= end][:AROUND]
    found = set(kind)
    for side, texts in (("before", before), ("after", after)):
        for step, text in enumerate(texts):
            found |= {f"{side}:{text}", f"{side} {min(step, 2)}:{text}"}
        first, second = [*texts, "$", "$"][:2]
        found.add(f"{side}:{first} {second}")
    found.add(f"around:{[*before, '^'][0]} {[*after, '$'][0]}")
    found |= {f"sentence:{text}" for _, text in near}
    found |= {f"text:{flat(word.text)}" for word in words.words}
    return Period(start, end, facts, numbered(found))
