"""Where in a text which phrases stand: exactly, with other letters for æøå, or with a slip of the finger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from portal.triage.understanding.grammar import grammar, listed
from portal.triage.understanding.text import Words, flat, fold

LONG = 6  # letters a word must have before a slip of the finger is read over


@dataclass(frozen=True)
class Mention:
    """A phrase found: what it stands for, and the positions of its words."""

    kind: str
    value: str
    start: int
    end: int


class Phrases:
    """Phrases with what each stands for, looked up from any word of a text."""

    def __init__(self, listed: Iterable[tuple[str, str, str]], long: int = LONG) -> None:
        """`listed`: (kind, value, phrase). `long`: letters a word must have before a slip of the finger is read over."""
        self._least = long
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
        words: set[str] = set()
        for kind, value, phrase in listed:
            parts = tuple(flat(fold(phrase).replace("'", "")).split())
            if parts:
                self._by_first.setdefault(parts[0], []).append((parts, kind, value))
                words |= set(parts)
        for found in self._by_first.values():
            found.sort(key=lambda one: -len(one[0]))
        self._known = frozenset(words)
        self._long: dict[str, list[str]] = {}  # by first letter, which nobody's finger slips on
        for word in sorted(one for one in words if len(one) >= long):
            self._long.setdefault(word[0], []).append(word)

    def find(self, words: Words) -> list[Mention]:
        """The longest phrases of each kind, from left to right; of one kind none overlaps another."""
        texts = [self._read(flat(word.text)) for word in words.words]
        found: list[Mention] = []
        for at, text in enumerate(texts):
            for parts, kind, value in self._by_first.get(text, ()):
                end = at + len(parts)
                if (
                    tuple(texts[at:end]) == parts
                    and words.words[at].sentence == words.words[end - 1].sentence
                ):
                    found.append(Mention(kind, value, at, end))
        return list(_longest(found))

    def _read(self, word: str) -> str:
        """The word itself, or the one of ours that was meant: one slip in a long word, two in a very long one."""
        if (
            word in self._known
            or len(word) < self._least
            or word in _common()
            or any(one.isdigit() for one in word)
        ):
            return word
        slips = 1 if len(word) < 10 else 2
        near = process.extractOne(word, self._long.get(word[0], []), scorer=OSA.distance, score_cutoff=slips)
        return str(near[0]) if near else word


def _longest(found: list[Mention]) -> Iterator[Mention]:
    taken: dict[str, list[Mention]] = {}
    for one in sorted(found, key=lambda each: (-(each.end - each.start), each.start)):
        others = taken.setdefault(one.kind, [])
        if all(one.end <= other.start or one.start >= other.end for other in others):
            others.append(one)
    yield from sorted((one for each in taken.values() for one in each), key=lambda each: each.start)


@cache
def _common() -> frozenset[str]:
    """Words everybody uses, which are never a slip for one of ours."""
    return frozenset(flat(word) for word in grammar()["common"])


@cache
def facts_phrases(question: str) -> Phrases:
    """Everything of facts.toml that stands for something anywhere in a text; the a-kasser's names too; and what stands for
    something only in answer to this question."""
    asked = ("barrier", "barriers") if question == "social_barriers" else (question,)
    found = [
        (f"{kind}?", value, phrase)
        for kind in asked
        for value, phrases in listed("answers").get(kind, {}).items()
        for phrase in phrases
    ]
    found += [
        (f"{kind}.{value}" if kind in ("unemployed", "away") else kind, value, phrase)
        for kind, values in listed("facts").items()
        for value, phrases in values.items()
        for phrase in phrases
    ]
    found += [("akasse", "dagpenge", name) for name in listed("akasser")["names"]]
    return Phrases(found)


@cache
def care_phrases() -> Phrases:
    return Phrases(
        (("care", kind, phrase) for kind, one in listed("care").items() for phrase in one["words"])
    )


@cache
def grammar_phrases() -> Phrases:
    """Wishes, the past, unfinished schooling, corrections and being trained, as phrases."""
    names = ("wishes", "past", "unfinished", "corrections", "trained", "no_longer", "vague")
    return Phrases((name, name, phrase) for name in names for phrase in grammar()[name])
