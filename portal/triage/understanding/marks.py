"""Counting what words speak for, by labelled examples: naive Bayes over marks, which are words, words beside each other and parts
of words. It only counts, so what it says can be followed, and an example more is learnt by counting it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from portal.triage.facts import Value
from portal.triage.understanding.grammar import word_set
from portal.triage.understanding.text import flat

PLACES = 1 << 18  # marks are numbered by their checksum; a few share a number
SMOOTHING = 0.5
NEAR = 3  # words between two that still go together
DENIED = 5  # words a negation reaches over
PART = 5  # letters of a part of a word

Marks = NDArray[np.int32]


def numbered(marks: Iterable[str]) -> Marks:
    return np.array(sorted({zlib.crc32(mark.encode()) % PLACES for mark in marks}), dtype=np.int32)


def marks_of(words: Sequence[str]) -> Marks:
    """The marks of a sentence: its words, two and three in a row, two near each other; what is denied, and what comes before and
    after a "but"; and the parts of words, which stay alike when a word is bent or misspelt."""
    flats = [flat(word) for word in words]
    row = ["^", *flats, "$"]
    found = set(flats)
    found.update(f"{one} {two}" for one, two in pairwise(row))
    found.update(f"{one} {two} {three}" for one, two, three in zip(row, row[1:], row[2:], strict=False))
    for at, one in enumerate(flats):
        found.update(f"{one}..{two}" for two in flats[at + 2 : at + 2 + NEAR])
        whole = f"<{one}>"
        found.update("~" + whole[start : start + PART] for start in range(len(whole) - PART + 1))
        if words[at] in word_set("negations"):
            found.update(f"not {two}" for two in flats[at + 1 : at + 1 + DENIED])
    turns = [at for at, word in enumerate(words) if word in word_set("but")]
    if turns:
        found.update(f"before: {one}" for one in flats[: turns[-1]])
        found.update(f"then: {one}" for one in flats[turns[-1] + 1 :])
        found.update(f"then: {one} {two}" for one, two in pairwise(flats[turns[-1] :]))
    return numbered(found)


class Learnt:
    """What examples say of one thing: `values`, the marks seen (in order), and how much each speaks for each value.
    `None` among the values: that nothing certain is said."""

    def __init__(self, values: Sequence[Value | None], seen: Marks, speaks: NDArray[np.float16]) -> None:
        self.values, self.seen, self.speaks = tuple(values), seen, speaks

    @classmethod
    def of(cls, examples: Iterable[tuple[Marks, Value | None]]) -> Learnt:
        by_value: dict[Value | None, list[Marks]] = {}
        for marks, value in examples:
            by_value.setdefault(value, []).append(marks)
        counts = np.stack(
            [np.bincount(np.concatenate(found), minlength=PLACES) for found in by_value.values()]
        )
        seen = np.flatnonzero(counts.sum(axis=0))
        smoothed = counts[:, seen] + SMOOTHING
        logs = np.log(smoothed / smoothed.sum(axis=1, keepdims=True))
        apart = logs - logs.mean(axis=0)  # only differences matter, and they are small numbers
        return cls(tuple(by_value), seen.astype(np.int32), apart.astype(np.float16))

    def weigh(self, marks: Marks) -> dict[Value | None, float]:
        """How far each value is ahead of the best other one; below 0 for all but the first."""
        at = np.minimum(np.searchsorted(self.seen, marks), len(self.seen) - 1)
        known = at[self.seen[at] == marks]
        weights = self.speaks[:, known].sum(axis=1, dtype=np.float32) / np.sqrt(len(known) + 1)
        best = np.sort(weights)[::-1]
        first = int(weights.argmax())
        return {
            value: float(weight - best[1 if place == first else 0])
            for place, (value, weight) in enumerate(zip(self.values, weights, strict=True))
        }
