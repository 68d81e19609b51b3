"""What another rulebook would do: who would move where, and how the load on teams would change.

Over a made-up population of any size, or over stored facts. A person moves when the outcome is another: way, track, team or
contact interval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portal.triage import population
from portal.triage.conditions import Judgement
from portal.triage.dialogue import Outcome, standing
from portal.triage.facts import Value
from portal.triage.population import Column
from portal.triage.rulebook import Rulebook


@dataclass(frozen=True)
class Move:
    """So many people of one row and outcome would come to another; `person` is one of them."""

    people: int
    before: tuple[str, Outcome]
    after: tuple[str, Outcome]
    person: Mapping[str, Value]


@dataclass(frozen=True)
class Comparison:
    """`before` and `after` are how many people each team would have."""

    people: int
    moves: tuple[Move, ...]
    before: Mapping[str, int]
    after: Mapping[str, int]

    @property
    def moved(self) -> int:
        return sum(move.people for move in self.moves)


def of_population(old: Rulebook, new: Rulebook, people: Mapping[str, Column]) -> Comparison:
    """Both rulebooks over the same people."""
    size = len(people["age"])
    rows = [population.routed(book, people) for book in (old, new)]
    outcomes = [population.outcomes(book) for book in (old, new)]
    numbers: dict[Outcome, int] = {}
    coded = [
        np.array([numbers.setdefault(one, len(numbers)) for one in found], dtype=np.int32)
        for found in outcomes
    ]
    moved = np.flatnonzero(coded[0][rows[0]] != coded[1][rows[1]])
    pairs = rows[0][moved].astype(np.int64) * len(outcomes[1]) + rows[1][moved]
    kinds, first, counts = np.unique(pairs, return_index=True, return_counts=True)
    found = []
    for kind, at, count in zip(kinds, first, counts, strict=True):
        one, other = divmod(int(kind), len(outcomes[1]))
        found.append(
            Move(
                int(count),
                (old.tables["route"].rows[one].id, outcomes[0][one]),
                (new.tables["route"].rows[other].id, outcomes[1][other]),
                population.person(people, int(moved[at])),
            )
        )
    loads = [_load(rows[i], outcomes[i]) for i in (0, 1)]
    return Comparison(size, tuple(sorted(found, key=lambda one: -one.people)), loads[0], loads[1])


def _load(rows: Any, outcomes: Sequence[Outcome]) -> dict[str, int]:
    counted = np.bincount(rows, minlength=len(outcomes))
    teams: Counter[str] = Counter()
    for outcome, count in zip(outcomes, counts_of(counted), strict=True):
        teams[outcome.team] += count
    return {team: count for team, count in sorted(teams.items()) if count}


def counts_of(counted: Any) -> list[int]:
    return [int(one) for one in counted]


def of_stored(
    old: Rulebook, new: Rulebook, walks: Sequence[tuple[Mapping[str, Value], Sequence[str]]]
) -> Comparison:
    """Both rulebooks over stored walks, each with its facts and what was declined: exactly as they were answered."""
    moves: dict[tuple[str, Outcome, str, Outcome], list[Mapping[str, Value]]] = {}
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for known, declined in walks:
        ends = [_end(book, known, declined) for book in (old, new)]
        before[ends[0][1].team] += 1
        after[ends[1][1].team] += 1
        if ends[0][1] != ends[1][1]:
            moves.setdefault((*ends[0], *ends[1]), []).append(known)
    found = [Move(len(who), key[:2], key[2:], who[0]) for key, who in moves.items()]
    return Comparison(len(walks), tuple(sorted(found, key=lambda one: -one.people)), before, after)


def _end(book: Rulebook, known: Mapping[str, Value], declined: Sequence[str]) -> tuple[str, Outcome]:
    """Where the answers lead; to a person where the new rules would ask for more."""
    where = standing(book, known, declined)
    if not where.settled:
        where = standing(book, known, [*declined, *book.questions])
    return where.rows[0].id, where.outcome


def changed_conditions(old: Judgement, new: Judgement) -> dict[str, tuple[str, str]]:
    """Conditions of one request that would be answered otherwise, and the desk if it would be another."""
    found = {
        name: (one.result, new.conditions[name].result)
        for name, one in old.conditions.items()
        if name in new.conditions and one.result != new.conditions[name].result
    }
    if old.desk.team != new.desk.team:
        found["desk"] = (old.desk.team, new.desk.team)
    return found


# ------------------------------------------------------------------ a picture


def picture(
    title: str, before: Mapping[str, int], after: Mapping[str, int] | None, labels: tuple[str, str]
) -> str:
    """Bars for each team as SVG, before and after (or only one); readable without colours, with a title and a description."""
    teams = sorted(set(before) | set(after or {}))
    most = max([*before.values(), *(after or {}).values(), 1])
    height = 46 if after is not None else 28
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {40 + height * len(teams)}" role="img" '
        f'aria-labelledby="t d"><title id="t">{_escaped(title)}</title><desc id="d">{_escaped(_described(teams, before, after, labels))}</desc>'
    ]
    for number, team in enumerate(teams):
        top = 30 + number * height
        parts.append(
            f'<text x="0" y="{top + 14}" font-size="13" font-family="sans-serif">{_escaped(team)}</text>'
        )
        parts.append(_bar(top, before.get(team, 0), most, "#8a9ba8"))
        if after is not None:
            parts.append(_bar(top + 19, after.get(team, 0), most, "#0059b3"))
    if after is not None:
        parts.append(
            f'<text x="170" y="16" font-size="12" font-family="sans-serif">{_escaped(labels[0])} / {_escaped(labels[1])}</text>'
        )
    return "".join(parts) + "</svg>\n"


def _bar(top: int, value: int, most: int, colour: str) -> str:
    width = round(440 * value / most, 1)
    return (
        f'<rect x="170" y="{top}" width="{width}" height="16" fill="{colour}"/>'
        f'<text x="{180 + width}" y="{top + 13}" font-size="12" font-family="sans-serif">{value}</text>'
    )


def _described(
    teams: Sequence[str], before: Mapping[str, int], after: Mapping[str, int] | None, labels: tuple[str, str]
) -> str:
    if after is None:
        return "; ".join(f"{team}: {before.get(team, 0)}" for team in teams)
    return f"{labels[0]} / {labels[1]}: " + "; ".join(
        f"{team}: {before.get(team, 0)} / {after.get(team, 0)}" for team in teams
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
