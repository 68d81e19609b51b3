"""Free text into facts, by what people call things; always shown back to be confirmed, never guessed.

Everything runs here, by lists and letters: no text leaves the machine, and nothing typed is kept. `understand` gives facts
only where they are the writer's own and certain; what may have been meant is suggested; the rest is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal.domain.errors import InvalidError
from portal.triage.facts import CITIZEN, Value
from portal.triage.understanding import work
from portal.triage.understanding.answers import alike
from portal.triage.understanding.examples import FACTS
from portal.triage.understanding.phrases import care_phrases
from portal.triage.understanding.reading import Read, Reading
from portal.triage.understanding.text import words_of
from portal.triage.understanding.titles import Occupation, Titles

MOST = 5  # suggestions
FIRST = ("danger", "violence", "despair")  # what is met before anything is asked
CERTAIN = 100


@dataclass(frozen=True)
class Suggestion:
    """Something that may have been meant: a fact's value or an occupation's code, and how alike it is (0–100)."""

    fact: str
    value: Value
    label: str
    score: int


@dataclass(frozen=True)
class Understood:
    """`facts` holds only what is understood well enough to be shown for confirmation. `care` names what is to be met first
    ("danger", "violence", "despair", "anger"); `elsewhere` who else decides what was asked about; `declines` is said of who does
    not know, or will not say."""

    facts: Mapping[str, Value]
    occupation: Occupation | None
    candidates: tuple[Suggestion, ...]
    wants_person: bool
    sure: bool
    care: str | None = None
    elsewhere: str | None = None
    declines: bool = False


def occupation(code: str) -> Occupation | None:
    return work.occupations().get(code)


def understand(question: str, text: str, lang: str, today: date, titles: Titles | None = None) -> Understood:
    """What `text` says in answer to `question`: a fact's name, "occupation" or "open". InvalidError for any other question.
    `titles` are the names of occupations to look up (default: ours)."""
    if question in ("occupation", "industry_outlook"):
        return _occupation(text, lang, today, titles or work.our_titles())
    if question != "open" and question not in CITIZEN:
        raise InvalidError("question.unknown", question=question[:40])
    reading = Reading(text, question, today)
    read = reading.read()
    care = care_of(text)
    facts = (
        dict(read.facts)
        if question == "open"
        else {name: read.facts[name] for name in (question, *BESIDE) if name in read.facts}
    )
    maybe = [
        Suggestion(fact, value, str(value), 75) for fact, values in read.maybe.items() for value in values
    ]
    if question != "open" and question not in facts and not maybe and not reading.scope.about_others:
        near, sure = alike(question, text)
        denied = {one.value for one in reading.found.get(question, ()) if reading.scope.negated(one)}
        near = [(value, score) for value, score in near if value not in denied]
        if sure and near:
            facts[question] = near[0][0]
        elif question not in FACTS:  # of those it is the words that are alike, and not the letters
            maybe = [Suggestion(question, value, value, round(score)) for value, score in near]
    certain = [Suggestion(fact, value, str(value), CERTAIN) for fact, value in facts.items()]
    found = occupation(read.work) if read.work else None
    if found is not None:
        certain.append(Suggestion("occupation", found.code, found.titles[lang], CERTAIN))
    candidates = tuple([*certain, *maybe][:MOST] if question != "open" else [*certain, *maybe])
    return Understood(
        facts, found, candidates, read.wants_person, bool(facts or found), care, read.elsewhere, read.declines
    )


BESIDE = ("employed", "weeks_unemployed")  # what a short answer may settle beside what it was asked for


def _occupation(text: str, lang: str, today: date, titles: Titles) -> Understood:
    reading = Reading(text, "occupation", today)
    found, sure = work.answered(text, reading.words, reading.scope, titles)
    known = work.occupations()
    candidates = tuple(
        Suggestion("occupation", one.code, one.official or known[one.code].titles[lang], round(one.score))
        for one in found[:MOST]
    )
    read: Read = reading.read()
    return Understood(
        {},
        known[found[0].code] if sure else None,
        candidates,
        read.wants_person,
        sure,
        care_of(text),
        read.elsewhere,
        read.declines,
    )


def care_of(text: str) -> str | None:
    """What a text has to be met with before anything else."""
    found = {one.value for one in care_phrases().find(words_of(text, frozenset()))}
    return next((kind for kind in ("danger", "violence", "despair", "anger") if kind in found), None)
