"""The explanation of each kind of outcome, ready to be stored with the case: a way, a condition, a desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from portal.triage.conditions import Judgement
from portal.triage.dialogue import Standing, outcome_of
from portal.triage.explanation import Explainer, Explanation, as_facts
from portal.triage.facts import DERIVED, Value
from portal.triage.people import phrases
from portal.triage.rulebook import LANGUAGES, Rulebook


def of_way(book: Rulebook, known: Mapping[str, Value], where: Standing) -> dict[str, Any]:
    """Why this way. A walk that ended because too little could be said has no near rows: it says so itself."""
    known = {"wants_person": False, **known}
    found = _ways(book).explain(known)
    if {row.id for row in where.rows} != {row.id for row in found.rows}:
        return as_facts(book, Explanation(where.rows, found.read, (), ()), known, {})
    titles = {row.id: book.ways[str(row.then["route"])]["short"] for row in book.tables["route"].rows}
    return as_facts(book, found, known, titles)


def of_conditions(book: Rulebook, judged: Judgement) -> dict[str, dict[str, Any]]:
    """Why each condition came to its answer, by the condition's id."""
    found = {}
    for condition in book.conditions:
        if condition.id in judged.conditions:
            explainer = _condition(book, condition.id, judged.with_candidate)
            results = {
                row.id: {lang: phrases()[lang][str(row.then["result"])] for lang in LANGUAGES}
                for row in condition.table.rows
            }
            why = explainer.explain(judged.known)
            if judged.conditions[condition.id].result == "pass":
                why = replace(why, near=(), elsewhere=())  # what would be worse helps nobody
            values = {**judged.conditions[condition.id].figures, "earliest_start": judged.earliest_start}
            found[condition.id] = as_facts(book, why, judged.known, results, values)
    return found


def of_desk(book: Rulebook, judged: Judgement) -> dict[str, Any]:
    """Why this desk."""
    known = {name: judged.known[name] for name in book.tables["desk"].facts if name in judged.known}
    explainer = _desks(book)
    found = explainer.explain(known)
    first = next((row for row in found.rows if row.matches(known)), None)
    shown = found if first is None else Explanation((first,), found.read, found.near, found.elsewhere)
    return as_facts(book, shown, known, {})


@lru_cache(maxsize=256)
def _ways(book: Rulebook) -> Explainer:
    return Explainer(book.tables["route"], lambda row: outcome_of(book, row).route, never=("wants_person",))


@lru_cache(maxsize=2048)
def _condition(book: Rulebook, name: str, with_candidate: bool) -> Explainer:
    condition = next(one for one in book.conditions if one.id == name)
    table = condition.table if with_candidate else condition.without_exemptions
    return Explainer(table, lambda row: row.then["result"], never=tuple(DERIVED))


@lru_cache(maxsize=256)
def _desks(book: Rulebook) -> Explainer:
    return Explainer(book.tables["desk"], lambda row: row.then["team"], never=tuple(DERIVED))
