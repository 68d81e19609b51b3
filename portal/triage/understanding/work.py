"""The occupation in a text: the title that stands in it, or the one most like what was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from portal.triage.understanding.grammar import listed, word_set
from portal.triage.understanding.phrases import Mention, Phrases
from portal.triage.understanding.scope import Scope
from portal.triage.understanding.text import Words, flat
from portal.triage.understanding.titles import Found, Occupation, Titles, plain

SURE, WORTH_SHOWING, APART = 86.0, 62.0, 3.0
SHORT_ANSWER = 12  # words
SHORTEST = 3  # letters a title must have to be taken from the middle of a longer text


@cache
def occupations() -> dict[str, Occupation]:
    """Every unit group, by its code."""
    return {
        code: Occupation(code, {"da": names["da"][0], "en": names["en"][0]})
        for code, names in listed("occupations").items()
    }


def _all() -> Iterator[tuple[str, str]]:
    for code, names in listed("occupations").items():
        for name in (*names["da"], *names["en"]):
            yield name, code


@cache
def our_titles() -> Titles:
    return Titles(_all())


def with_official(names: Iterable[tuple[str, str]]) -> Titles:
    """Our titles, and the (name, code) of official lists after them."""
    return Titles(_all(), names)


def searched(text: str, titles: Titles) -> tuple[str, ...]:
    """The occupations somebody may mean who searches for `text`: none for what is no title."""
    found = titles.best(text, 3)
    return tuple(one.code for one in found if one.score >= max(SURE, found[0].score - APART))


@cache
def _in_text() -> Phrases:
    """Titles long enough to be known in the middle of a sentence."""
    return Phrases(
        ("work", code, name)
        for name, code in _all()
        if len(name) >= SHORTEST and not name.lower().startswith("cand")
    )


def mentioned(words: Words, scope: Scope, *, asked: bool = False) -> list[Mention]:
    """Titles that stand in the text and are the writer's own work, had or learnt; the longest readings. Short and vague ones
    must be said to be one's work, unless that is what was `asked`."""
    found = []
    for one in _in_text().find(words):
        learnt_once = scope.no_longer(one)
        if scope.of_somebody_else(one) or scope.supposed(one) or scope.wished(one):
            continue
        if scope.negated(one) and not learnt_once:
            continue
        said = words.between(one.start, one.end)
        if not asked and (len(said) < LETTERS or flat(said) in _vague()) and not _is_said_to_be(words, one):
            continue
        found.append(one)
    return found


@cache
def _vague() -> frozenset[str]:
    """Titles too vague, or too often somebody else's, to be taken from the middle of a sentence."""
    return frozenset(plain(word) for word in listed("vague")["words"])


def _is_said_to_be(words: Words, mention: Mention) -> bool:
    """ "er kok", "som kok", "udlært kok", or a clause that begins with it: so short a word needs to be said to be one's work."""
    before = words.words[mention.start - 1].text if mention.start else ""
    clause = words.clause_of(mention.start)
    return (clause[0] == mention.start and clause[-1] == mention.end - 1) or before in word_set("said_to_be")


def first_of(words: Words, mentions: Sequence[Mention]) -> str | None:
    """The code of the work that comes first, places of work ("i et supermarked") left for last."""
    own = [one for one in mentions if not _is_place(words, one)]
    return (own or list(mentions))[0].value if mentions else None


def _is_place(words: Words, mention: Mention) -> bool:
    before = [words.words[at].text for at in range(max(0, mention.start - 2), mention.start)]
    return bool(before) and (
        before[-1] in PLACES
        or (before[-1] in ("en", "et", "a", "an", "the", "mit", "min") and before[0] in PLACES)
    )


PLACES = ("i", "paa", "hos", "in", "at", "fra", "from", "for")
LETTERS = 4  # a shorter title must be said to be one's work


def answered(text: str, words: Words, scope: Scope, titles: Titles) -> tuple[list[Found], bool]:
    """For a text that answers the question of the occupation: the likeliest, best first, and whether the first is sure."""
    named = mentioned(words, scope, asked=True)
    kept = scope.standing(named)
    whole = titles.best(text)
    if whole and whole[0].score >= 97:
        return whole, not _held_back(words, scope)
    own = [words.between(clause[0], clause[-1] + 1) for clause in words.clauses if clause]
    scored: dict[str, float] = {one.code: one.score for one in whole}
    official = {one.code: one.official for one in whole}
    if not kept and _in_text().find(words):
        return [], False  # work was named, and it is not the writer's
    first = first_of(words, kept)
    for one in kept:
        length = len(words.between(one.start, one.end))
        early = 6.0 if one.value == first else 0.0
        scored[one.value] = max(scored.get(one.value, 0.0), min(99.0, 84.0 + 0.8 * length) + early)
    for word in words.words if not kept and len(words.words) <= SHORT_ANSWER else ():
        for near in titles.best(word.text, 2) if len(word.text) > 5 else ():
            scored[near.code] = max(scored.get(near.code, 0.0), near.score - 3)
    for clause in own if len(own) > 1 else ():
        for near in titles.best(clause, 3):
            scored[near.code] = max(scored.get(near.code, 0.0), near.score - 6)
    ranked = [
        Found(code, score, official.get(code, ""))
        for code, score in sorted(scored.items(), key=lambda one: (-one[1], one[0]))
    ]
    ranked = [one for one in ranked if one.score >= WORTH_SHOWING][:5]
    sure = (
        bool(ranked)
        and ranked[0].score >= SURE
        and (len(ranked) == 1 or ranked[0].score - ranked[1].score >= APART)
    )
    if _held_back(words, scope):
        return ([] if not kept else ranked), sure and bool(kept)
    return ranked, sure


def _held_back(words: Words, scope: Scope) -> bool:
    """Whether all of it is a wish, a supposition or about somebody else."""
    everything = Mention("text", "", max(len(words.words) - 1, 0), len(words.words))
    if not words.words:
        return True
    return scope.wished(everything) or scope.of_somebody_else(everything) or scope.supposed(everything)
