"""Which occupation somebody means: titles by their pairs and triples of letters, and the best of them weighed again.

Typos, æøå and endings are the letters' work; everyday words ("gør rent", "kører lastbil") are the list's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from rapidfuzz import fuzz

from portal.triage.understanding.text import flat, fold

FIRST_LOOK = 40  # titles that are weighed again
ENDINGS = ("ernes", "erne", "enes", "eren", "ens", "ers", "ere", "ene", "er", "en", "et", "e", "s", "n")


@dataclass(frozen=True)
class Occupation:
    """A DISCO-08 unit group, by its own title in each language."""

    code: str
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """An occupation that may be meant. `official` is the name it was found by, where that comes from an official list."""

    code: str
    score: float  # 0 to 100
    official: str = ""


def plain(text: str) -> str:
    """As titles are compared: folded, without æøå, without what stands between words."""
    return flat(fold(text.replace("'", "")))


class Titles:
    """Titles to look up: (title, code), ours first; what both have is ours."""

    def __init__(self, ours: Iterable[tuple[str, str]], official: Iterable[tuple[str, str]] = ()) -> None:
        seen: dict[str, tuple[str, str]] = {}
        for title, code in ours:
            seen.setdefault(plain(title), (code, ""))
        for title, code in official:
            seen.setdefault(plain(title), (code, title))
        seen.pop("", None)
        self.titles = list(seen)
        self.codes = [code for code, _ in seen.values()]
        self.official = [name for _, name in seen.values()]
        self.exact = seen
        self._stems = [_stems(title) for title in self.titles]
        counted: Counter[str] = Counter()
        grams = [_grams(title) for title in self.titles]
        for one in grams:
            counted.update(one.keys())
        size = len(self.titles)
        self._weight = {gram: log(1 + size / count) for gram, count in counted.items()}
        postings: dict[str, list[int]] = {}
        lengths = np.zeros(size)
        for number, one in enumerate(grams):
            for gram in one:
                postings.setdefault(gram, []).append(number)
                lengths[number] += self._weight[gram] ** 2
        self._postings = {gram: np.array(numbers, dtype=np.int32) for gram, numbers in postings.items()}
        self._length = np.sqrt(lengths)

    def best(self, text: str, most: int = 5) -> list[Found]:
        """The occupations most like `text`, best first, each once."""
        wanted = plain(text)
        if not wanted:
            return []
        found: dict[str, Found] = {}
        if wanted in self.exact:
            code, official = self.exact[wanted]
            found[code] = Found(code, 100.0, official)
        stems = _stems(wanted)
        for number in self._near(wanted):
            score = _likeness(wanted, stems, self.titles[number], self._stems[number])
            one = Found(self.codes[number], score, self.official[number])
            if one.code not in found or found[one.code].score < one.score:
                found[one.code] = one
        return sorted(found.values(), key=lambda one: (-one.score, one.code))[:most]

    def _near(self, wanted: str) -> Sequence[int]:
        """The numbers of the titles that share most, by the cosine of their letters' pairs and triples."""
        grams = _grams(wanted)
        known = [(gram, self._weight[gram]) for gram in grams if gram in self._weight]
        if not known:
            return []
        scores = np.zeros(len(self.titles))
        for gram, weight in known:
            scores[self._postings[gram]] += weight * weight
        scores /= self._length * sqrt(sum(weight * weight for _, weight in known))
        count = min(FIRST_LOOK, len(scores))
        top = np.argpartition(scores, -count)[-count:]
        return [int(one) for one in top[np.argsort(-scores[top])] if scores[one] > 0.15]


def _grams(text: str) -> Counter[str]:
    padded = f" {text} "
    return Counter(padded[i : i + 3] for i in range(len(padded) - 2)) + Counter(
        f"{word[:2]}^" for word in text.split()
    )


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _stems(text: str) -> str:
    return " ".join(_stem(word) for word in text.split())


def _likeness(wanted: str, wanted_stems: str, title: str, title_stems: str) -> float:
    """Whole likeness first; the same but for endings nearly as good; a title that stands as words in the text too."""
    if wanted == title:
        return 100.0
    whole = fuzz.ratio(wanted, title)
    if wanted_stems == title_stems:
        return 97.0
    if f" {title} " in f" {wanted} ":
        return 80.0 + min(15.0, 0.8 * len(title))
    if f" {title_stems} " in f" {wanted_stems} " and len(title_stems) > 3:
        return 78.0 + min(15.0, 0.8 * len(title))
    begins = 84.0 if len(title) >= 8 and wanted.startswith(title[: len(title) - 1]) else 0.0
    joined = fuzz.ratio(wanted.replace(" ", ""), title.replace(" ", ""))
    stemmed = fuzz.ratio(wanted_stems, title_stems)
    inside = 0.9 * fuzz.token_set_ratio(wanted, title) if " " in wanted and len(title) > 4 else 0.0
    return max(begins, whole, joined - 1, stemmed - 2, inside * min(1.0, len(title) / 8))
