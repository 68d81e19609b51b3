"""Somebody in plain words: "34 år, dagpenge, grundskole". For counter-examples, explanations and pages alike."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from portal.triage.facts import Value
from portal.triage.rulebook import FOLDER, Words, said

BARE = ("age", "benefit", "education")  # what needs no label to be understood
OPPOSITE = {"at_most": "above", "less_than": "at_least", "at_least": "less_than"}


@cache
def phrases() -> Mapping[str, Mapping[str, str]]:
    """The small words of explanations, by language."""
    return tomllib.loads((FOLDER / "phrases.toml").read_text(encoding="utf-8"))


def value_said(name: str, value: Value, words: Mapping[str, Words], lang: str) -> str:
    """A value as people say it, with its unit: "grundskole", "34 år", "ja"."""
    found = words.get(name)
    key = str(value).lower() if isinstance(value, bool) else str(value)
    if found is None:
        return key
    if key in found.values:
        return str(found.values[key][lang])
    return f"{said(value, lang)} {found.unit.get(lang, '')}".strip()


def label_of(name: str, words: Mapping[str, Words], lang: str) -> str:
    found = words.get(name)
    return str(found.label.get(lang, name)) if found else name


def in_words(person: Mapping[str, Value], words: Mapping[str, Words], lang: str = "da") -> str:
    """The person as one line; what is not so (false) is left out, what is (true) stands by its label."""
    parts = []
    for name, value in person.items():
        if value is True:
            parts.append(label_of(name, words, lang))
        elif value is not False:
            parts.append(fact_said(name, value, words, lang))
    return ", ".join(parts)


def fact_said(name: str, value: Value, words: Mapping[str, Words], lang: str) -> str:
    """One fact: "34 år", "ledighed: 12 uger", "har et job: ja"."""
    bare = value_said(name, value, words, lang)
    return bare if name in BARE and words else f"{label_of(name, words, lang)}: {bare}"


def condition_said(name: str, condition: Mapping[str, Any], words: Mapping[str, Words], lang: str) -> str:
    """A condition: "alder under 30 år", "uddannelse: grundskole eller gymnasial uddannelse"."""
    parts = [_part(name, operator, wanted, words, lang) for operator, wanted in condition.items()]
    said_plainly = {"equal", "one_of"} & set(condition) or isinstance(condition.get("not"), Mapping)
    return f"{label_of(name, words, lang)}{':' if said_plainly else ''} {phrases()[lang]['and'].join(parts)}"


def _not(name: str, operator: str, wanted: Any, words: Mapping[str, Words], lang: str) -> str:
    """The opposite of a part that is no limit of a number: "ikke dagpenge"; of yes it is no."""
    if operator == "equal" and isinstance(wanted, bool):
        return value_said(name, not wanted, words, lang)
    if operator == "not":
        return phrases()[lang]["and"].join(
            _part(name, inner, limit, words, lang) for inner, limit in wanted.items()
        )
    return phrases()[lang]["not"].format(x=_part(name, operator, wanted, words, lang))


def _part(name: str, operator: str, wanted: Any, words: Mapping[str, Words], lang: str) -> str:
    phrase = phrases()[lang]
    if operator == "equal":
        return value_said(name, wanted, words, lang)
    if operator == "one_of":
        return phrase["or"].join(value_said(name, one, words, lang) for one in wanted)
    if operator == "between":
        return phrase["between"].format(x=said(wanted[0], lang), y=value_said(name, wanted[1], words, lang))
    if operator == "not":
        return phrase["or"].join(
            phrase[OPPOSITE[inner]].format(x=value_said(name, limit, words, lang))
            if inner in OPPOSITE
            else _not(name, inner, limit, words, lang)
            for inner, limit in wanted.items()
        )
    return phrase[operator].format(x=value_said(name, wanted, words, lang))
