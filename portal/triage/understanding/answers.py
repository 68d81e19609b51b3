"""Short answers to one question, by how like they are to what people call its values."""

from __future__ import annotations

import re
from functools import cache

from rapidfuzz import fuzz, process

from portal.triage.facts import CITIZEN
from portal.triage.understanding.grammar import listed
from portal.triage.understanding.text import flat, fold

SURE, WORTH_SHOWING, APART = 92, 70, 3
MOST = 5


@cache
def _phrases(fact: str) -> dict[str, str]:
    """Folded phrase -> value, for a fact people have words for."""
    values = listed("whole").get(fact, {})
    return {flat(fold(phrase)): value for value, phrases in values.items() for phrase in phrases}


def alike(fact: str, text: str) -> tuple[list[tuple[str, float]], bool]:
    """The values whose phrases the whole answer is most like, best first with how alike (0-100); and whether the first is sure."""
    if CITIZEN[fact].kind != "choice":
        return [], False
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
    alone = len(ranked) == 1 or (len(ranked) > 1 and ranked[0][1] - ranked[1][1] >= APART)
    return ranked, alone and ranked[0][1] >= SURE
