"""Short answers to one question: yes and no, and words that are like those people use for it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any

from rapidfuzz import fuzz, process

from portal.triage.facts import CITIZEN, Value
from portal.triage.rulebook import FOLDER
from portal.triage.understanding.text import flat, fold

SURE, WORTH_SHOWING, APART = 92, 70, 3
MOST = 5


@cache
def _phrases(fact: str) -> dict[str, str]:
    """Folded phrase -> value, for a fact people have words for."""
    listed: dict[str, Any] = tomllib.loads((FOLDER / "vocabulary.toml").read_text(encoding="utf-8"))
    return {
        flat(fold(phrase)): value for value, phrases in listed.get(fact, {}).items() for phrase in phrases
    }


def alike(
    fact: str, text: str, facts: dict[str, Value], maybe: list[Any], suggest: Callable[..., Any]
) -> tuple[dict[str, Value], list[Any]]:
    """The facts with this one, where the whole answer is like a phrase for one of its values; else suggestions."""
    if CITIZEN[fact].kind != "choice":
        return facts, maybe
    wanted, best = flat(fold(text)), dict[str, float]()
    phrases = _phrases(fact)
    for phrase, score, _ in process.extract(
        wanted, list(phrases), scorer=fuzz.ratio, processor=None, limit=20, score_cutoff=WORTH_SHOWING
    ):
        best[phrases[phrase]] = max(best.get(phrases[phrase], 0), score)
    for phrase, value in phrases.items():
        if len(phrase) > 3 and re.search(rf"(?<![a-z0-9]){re.escape(phrase)}(?![a-z0-9])", wanted):
            best[value] = max(best.get(value, 0), 80.0)
    ranked = sorted(best.items(), key=lambda one: -one[1])[:MOST]
    if ranked and ranked[0][1] >= SURE and (len(ranked) == 1 or ranked[0][1] - ranked[1][1] >= APART):
        return {**facts, fact: ranked[0][0]}, maybe
    return facts, [*maybe, *(suggest(fact, value, value, round(score)) for value, score in ranked)]
