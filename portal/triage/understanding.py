"""Free text into facts, by what people call things; always shown back to be confirmed, never guessed.

First release: occupations, benefit, education, and numbers for age and weeks. Nothing typed is stored.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rapidfuzz import fuzz, process

from portal.domain.errors import InvalidError
from portal.triage.facts import CITIZEN, Value
from portal.triage.rulebook import FOLDER

SURE = 92
WORTH_SHOWING = 68
MOST = 5
PERSON = (
    "menneske",
    "rigtig person",
    "tale med en",
    "tal med nogen",
    "sagsbehandler",
    "human",
    "real person",
    "talk to someone",
)
_LETTERS = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e", "ü": "u"})
_NUMBER = re.compile(r"\d{1,4}")


@dataclass(frozen=True)
class Occupation:
    code: str
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Suggestion:
    """Something that may have been meant: a fact's value or an occupation's code, and how alike it is (0–100)."""

    fact: str
    value: Value
    label: str
    score: int


@dataclass(frozen=True)
class Understood:
    """`facts` holds only what is understood well enough to be shown for confirmation."""

    facts: Mapping[str, Value]
    occupation: Occupation | None
    candidates: tuple[Suggestion, ...]
    wants_person: bool
    sure: bool


def fold(text: str) -> str:
    """Lower case, æøå written out, and punctuation gone: "Vvs'er" and "VVS er" become alike."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower().translate(_LETTERS)).strip()


@cache
def _occupations() -> tuple[dict[str, str], dict[str, Occupation]]:
    """Folded phrase -> code, and code -> occupation."""
    listed = tomllib.loads((FOLDER / "occupations.toml").read_text(encoding="utf-8"))["occupation"]
    phrases: dict[str, str] = {}
    found = {}
    for row in listed:
        found[row["code"]] = Occupation(row["code"], {"da": row["da"], "en": row["en"]})
        for phrase in (row["da"], row["en"], *row["also"]):
            phrases.setdefault(fold(phrase), row["code"])
    return phrases, found


@cache
def _phrases(fact: str) -> dict[str, str]:
    """Folded phrase -> value, for a fact people have words for."""
    listed: dict[str, Any] = tomllib.loads((FOLDER / "vocabulary.toml").read_text(encoding="utf-8"))
    return {fold(phrase): value for value, phrases in listed.get(fact, {}).items() for phrase in phrases}


def occupation(code: str) -> Occupation | None:
    return _occupations()[1].get(code)


def understand(question: str, text: str, lang: str) -> Understood:
    """What `text` says in answer to `question`: a fact's name or "occupation". InvalidError for any other question."""
    asks_person = any(fold(phrase) in fold(text) for phrase in PERSON)
    if question in ("occupation", "industry_outlook"):
        return _occupation(text, lang, asks_person)
    if question == "open":
        return Understood({}, None, (), asks_person, sure=False)
    if question not in CITIZEN:
        raise InvalidError("question.unknown", question=question[:40])
    if CITIZEN[question].kind == "whole":
        return _number(question, text, asks_person)
    return _named(question, text, asks_person)


def _alike(text: str, phrases: Mapping[str, str]) -> list[tuple[str, int]]:
    """(what the phrase stands for, score), best first, each once."""
    wanted = fold(text)
    if not wanted:
        return []
    best: dict[str, int] = {}
    for phrase, score, _ in process.extract(
        wanted, list(phrases), scorer=_score, processor=None, limit=40, score_cutoff=WORTH_SHOWING
    ):
        best[phrases[phrase]] = max(best.get(phrases[phrase], 0), round(score))
    return sorted(best.items(), key=lambda pair: -pair[1])[:MOST]


def _score(wanted: str, phrase: str, **_: Any) -> float:
    """Whole likeness counts most; a phrase that stands as words inside what was typed counts too."""
    whole = fuzz.ratio(wanted, phrase)
    if f" {phrase} " in f" {wanted} ":
        return max(whole, 94 if len(phrase) > 2 else 80)
    return float(max(whole, 0.9 * fuzz.token_set_ratio(wanted, phrase)))


def _occupation(text: str, lang: str, asks_person: bool) -> Understood:
    phrases, known = _occupations()
    found = _alike(text, phrases)
    candidates = tuple(
        Suggestion("occupation", code, known[code].titles[lang], score) for code, score in found
    )
    sure = _is_sure(found)
    return Understood({}, known[found[0][0]] if sure else None, candidates, asks_person, sure)


def _named(fact: str, text: str, asks_person: bool) -> Understood:
    found = _alike(text, _phrases(fact))
    candidates = tuple(Suggestion(fact, value, value, score) for value, score in found)
    sure = _is_sure(found)
    return Understood({fact: found[0][0]} if sure else {}, None, candidates, asks_person, sure)


def _is_sure(found: list[tuple[str, int]]) -> bool:
    return bool(found) and found[0][1] >= SURE and (len(found) == 1 or found[0][1] - found[1][1] >= 3)


def _number(fact: str, text: str, asks_person: bool) -> Understood:
    """A single number in the fact's domain; "måneder" and "år" are turned into weeks where weeks are asked for."""
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1:
        return Understood({}, None, (), asks_person, sure=False)
    value = int(numbers[0])
    words = fold(text)
    if fact != "age" and re.search(r"\b(aar|year|years)\b", words):
        value *= 52
    elif fact != "age" and re.search(r"\b(maaned|maaneder|mdr|month|months)\b", words):
        value = round(value * 52 / 12)
    domain = CITIZEN[fact]
    if not domain.low <= value <= domain.high:
        return Understood({}, None, (), asks_person, sure=False)
    return Understood(
        {fact: value}, None, (Suggestion(fact, value, str(value), 100),), asks_person, sure=True
    )
