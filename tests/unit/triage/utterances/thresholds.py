"""Learns the thresholds: every example is read by what was learnt from the others, and the lowest threshold is taken at which what
is shown as understood is right often enough. `python -m tests.unit.triage.utterances.thresholds` prints them for thresholds.toml."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unittest.mock import patch

from portal.triage.facts import Value
from portal.triage.understanding import weighing
from portal.triage.understanding.examples import DAY, FACTS, Example, examples, learn
from portal.triage.understanding.reading import Reading
from portal.triage.understanding.weighing import CAUSE

RIGHT = 0.98  # of what is shown
FOLDS = 5


@dataclass(frozen=True)
class Judged:
    """How far a value was ahead, whether it is right, and whether it had to be found."""

    ahead: float
    right: bool
    wanted: bool


class _Unweighed(Reading):
    """What the lists alone say."""

    def _weigh_all(self) -> None:
        self.said: Mapping[str, Value] = dict(self.facts)


def judged(every: Sequence[Example], add: float) -> Mapping[tuple[str, str], list[Judged]]:
    """By fact and "answers" or "open": what each example comes to when it is not among those learnt from."""
    found: dict[tuple[str, str], list[Judged]] = {}
    for fold in range(FOLDS):
        held = [one for one in every if zlib.crc32(one.text.encode()) % FOLDS == fold]
        tables = learn([one for one in every if zlib.crc32(one.text.encode()) % FOLDS != fold])
        with patch.object(weighing, "learnt", lambda tables=tables: tables):
            for one in held:
                for fact in FACTS:
                    if one.question in (fact, "open"):
                        kind = "answers" if one.question == fact else "open"
                        found.setdefault((fact, kind), []).append(_judge(one, fact, add))
    return found


def _judge(one: Example, fact: str, add: float) -> Judged:
    reading = _Unweighed(one.text, one.question, DAY)
    reading.read()
    ahead = reading._ahead(fact, reading.said.get(fact), add)
    if not ahead or (fact == CAUSE and one.question == "open" and not reading._is_sick()):
        return Judged(-99.0, False, fact in one.facts)
    value = max(ahead, key=lambda each: ahead[each])
    return Judged(ahead[value], one.says(fact, value), fact in one.facts)


def lowest(cases: Sequence[Judged], right: float) -> tuple[float, float, float]:
    """The lowest threshold at which at least that share of what is shown is right; that share; and how many of the wanted are found."""
    best, shown, good, hits = (99.0, 1.0, 0.0), 0, 0, 0
    wanted = sum(one.wanted for one in cases)
    for one in sorted(cases, key=lambda each: -each.ahead):
        shown, good, hits = shown + 1, good + one.right, hits + (one.right and one.wanted)
        if good / shown >= right:
            best = one.ahead, good / shown, hits / wanted
    return best


if __name__ == "__main__":
    every = examples()
    for add in map(float, sys.argv[1:] or ["2"]):
        for (fact, kind), cases in sorted(judged(every, add).items(), key=lambda one: one[0][::-1]):
            said = "  ".join(
                f"{right}: {threshold:.2f} finds {hits:.2f}"
                for right in (0.98, 0.97, 0.96, 0.95, 0.94)
                for threshold, _, hits in [lowest(cases, right)]
            )
            print(f"listed {add} {kind:<8} {fact:<22} {len(cases):>5}  {said}")
