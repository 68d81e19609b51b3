"""The lists of words, read once. The small ones among them: negations, whose a clause is, hypotheses, numbers, months and units."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from portal.triage.rulebook import FOLDER

WORDS = FOLDER / "words"


@cache
def listed(name: str) -> Mapping[str, Any]:
    """One of the lists of words, by its file's name."""
    return tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))


def grammar() -> Mapping[str, Any]:
    return listed("grammar")


@cache
def word_set(name: str) -> frozenset[str]:
    return frozenset(grammar()[name])


@cache
def numbers() -> Mapping[str, int]:
    """Words for whole numbers, the composed ones too: "fireogfyrre", "fem og halvtreds", "thirty-eight"."""
    found: dict[str, int] = dict(grammar()["numbers"])
    ones = {word: value for word, value in found.items() if 1 <= value <= 9}
    tens = {word: value for word, value in found.items() if 20 <= value <= 90}
    for one, low in ones.items():
        for ten, high in tens.items():
            found[f"{one}og{ten}"] = low + high
            found[f"{ten}{one}"] = low + high
    found |= {"toog" + ten: 2 + high for ten, high in tens.items()}
    return found
