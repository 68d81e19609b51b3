"""Labelled examples of what people write, and what is learnt from them: for each fact one table for answers and one for sentences
of an open message, and one for what a length of time is about."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from portal.triage.facts import Value
from portal.triage.understanding.grammar import WORDS
from portal.triage.understanding.marks import Learnt, Marks, marks_of
from portal.triage.understanding.periods import periods
from portal.triage.understanding.text import Words, words_of

FILE, LEARNT = WORDS / "examples.jsonl", WORDS / "learnt.npz"
FACTS = ("health", "readiness", "employed", "sickness_cause_clear")  # said in more ways than lists hold
SENTENCE, MESSAGE, PERIODS = "sentence.", "message.", "periods"
DAY = date(2026, 11, 25)  # on which the examples were labelled
ONE_IN = 10  # answers to something else that are kept as examples of saying nothing


@dataclass(frozen=True)
class Example:
    """A text, the question it answers ("open" for none), the value of each fact it settles, and values it may settle too.
    `plain`: as most people write; the others were written to be hard, to learn from and not to judge by."""

    question: str
    text: str
    facts: Mapping[str, Value]
    also: Mapping[str, Sequence[Value]]
    plain: bool = False

    def says(self, fact: str, value: Value) -> bool:
        return self.facts.get(fact) == value or value in self.also.get(fact, ())

    @property
    def says_nothing(self) -> bool:
        return not (self.facts or self.also)

    def tells(self, fact: str) -> bool:
        return fact in self.facts or fact in self.also

    def kept_beside(self, fact: str) -> bool:
        """Whether it is one of the few answers to something else kept as an example of saying nothing of this."""
        return not self.tells(fact) and zlib.crc32(self.text.encode()) % ONE_IN == 0


def examples() -> Sequence[Example]:
    found = (json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines())
    return [
        Example(one["question"], one["text"], one["facts"], one.get("also", {}), one.get("plain", False))
        for one in found
    ]


def learn(every: Sequence[Example]) -> Mapping[str, Learnt]:
    """Tables by name: a fact's for answers to its question; SENTENCE and MESSAGE before it, for a sentence of an open message
    and for the whole of one; PERIODS."""
    found: dict[str, Learnt] = {}
    for fact in FACTS:
        found[fact] = Learnt.of(_answers(fact, every))
        found[SENTENCE + fact] = Learnt.of(_sentences(fact, every, found[fact]))
        found[MESSAGE + fact] = Learnt.of(
            (_marks(one.text), one.facts.get(fact))
            for one in every
            if one.question == "open" and (fact in one.facts or not one.tells(fact))
        )
    found[PERIODS] = Learnt.of(_periods(every))
    return found


def sentences(words: Words) -> Sequence[Sequence[str]]:
    found: dict[int, list[str]] = {}
    for word in words.words:
        found.setdefault(word.sentence, []).append(word.text)
    return list(found.values())


@cache
def _words(text: str) -> Words:
    return words_of(text, frozenset())


@cache
def _marks(text: str) -> Marks:
    return marks_of([word.text for word in _words(text).words])


@cache
def _sentence_marks(text: str) -> Sequence[Marks]:
    return [marks_of(one) for one in sentences(_words(text))]


def _answers(fact: str, every: Iterable[Example]) -> Iterator[tuple[Marks, Value | None]]:
    """Answers to its question; of answers to others, those that say nothing, and a few more."""
    for one in every:
        if one.question == fact:
            yield _marks(one.text), one.facts.get(fact)
        elif one.question != "open" and (one.says_nothing or one.kept_beside(fact)):
            yield _marks(one.text), None


def _sentences(fact: str, every: Iterable[Example], answered: Learnt) -> Iterator[tuple[Marks, Value | None]]:
    """Answers; and of each open message the sentence that most says what the message says, or all that say nothing of it."""
    for one in every:
        if one.question == fact or (one.question != "open" and one.says_nothing):
            yield _marks(one.text), one.facts.get(fact)
        elif one.question == "open" and fact in one.facts:
            value = one.facts[fact]
            yield max(_sentence_marks(one.text), key=lambda marks: answered.weigh(marks)[value]), value
        elif one.question == "open" and not one.tells(fact):
            yield from ((marks, None) for marks in _sentence_marks(one.text))


def _periods(every: Iterable[Example]) -> Iterator[tuple[Marks, Value | None]]:
    """Lengths of time and days of open messages, and what they are about."""
    for one in every:
        if one.question == "open":
            for period in periods(_words(one.text), DAY):
                about = [fact for fact, lasts in period.weeks.items() if one.says(fact, lasts)]
                yield period.marks, about[0] if about else None


# ------------------------------------------------------------------ kept, so that no process has to learn anew


def checksum() -> str:
    """Of the examples and of all that reads them: what was learnt from others, or in another way, is not theirs."""
    found = hashlib.sha256()
    for file in (FILE, WORDS / "grammar.toml", *sorted(Path(__file__).parent.glob("*.py"))):
        found.update(file.read_bytes())
    return found.hexdigest()


def keep() -> None:
    """Learns, and writes what was learnt beside the examples. Part of the set-up; never needed, only quicker."""
    arrays: dict[str, Any] = {"checksum": np.array(checksum())}
    for name, table in learn(examples()).items():
        arrays |= {
            f"{name}/values": np.array(json.dumps(table.values)),
            f"{name}/seen": table.seen,
            f"{name}/speaks": table.speaks,
        }
    np.savez_compressed(LEARNT, **arrays)


@cache
def learnt() -> Mapping[str, Learnt]:
    """What was kept; or learnt now, where nothing was kept or something has changed since."""
    if LEARNT.is_file():
        with np.load(LEARNT) as kept:
            if str(kept["checksum"]) == checksum():
                names = [name.removesuffix("/values") for name in kept.files if name.endswith("/values")]
                return {
                    name: Learnt(
                        json.loads(str(kept[f"{name}/values"])), kept[f"{name}/seen"], kept[f"{name}/speaks"]
                    )
                    for name in names
                }
    found = learn(examples())
    for known in (_words, _marks, _sentence_marks):
        known.cache_clear()
    return found
