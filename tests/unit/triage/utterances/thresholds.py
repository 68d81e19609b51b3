"""Learns the thresholds: every example is read by what was learnt from the others, and the lowest threshold is taken at which
enough of what is shown as understood is right: of the plain examples, and of all, most of which were written to be hard.
`python -m tests.unit.triage.utterances.thresholds` prints them for thresholds.toml."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unittest.mock import patch

from portal.triage.facts import Value
from portal.triage.understanding import weighing
from portal.triage.understanding.examples import DAY, FACTS, Example, examples, learn
from portal.triage.understanding.grammar import listed
from portal.triage.understanding.reading import Reading
from portal.triage.understanding.weighing import CAUSE

RIGHT, RIGHT_OF_ALL = 0.975, 0.95  # of what is shown
LEAST = 0.5  # whatever is right: a value has to be ahead
FOLDS = 5


@dataclass(frozen=True)
class Judged:
    """How far a value was ahead, whether it is right, whether it had to be found, and whether the example is plain."""

    ahead: float
    right: bool
    wanted: bool
    plain: bool


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
        return Judged(-99.0, False, fact in one.facts, one.plain)
    value = max(ahead, key=lambda each: ahead[each])
    return Judged(ahead[value], one.says(fact, value), fact in one.facts, one.plain)


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
    for (fact, kind), cases in sorted(
        judged(every, listed("thresholds")["listed"]).items(), key=lambda one: one[0][::-1]
    ):
        plain = [one for one in cases if one.plain]
        (ordinary, *_), (hard, *_) = lowest(plain, RIGHT), lowest(cases, RIGHT_OF_ALL)
        threshold = max(ordinary, hard, LEAST)
        said = [f"{kind:<8} {fact:<22} {threshold:5.2f} (plain {ordinary:5.2f}, all {hard:5.2f})"]
        for name, some in (("plain", plain), ("all", cases)):
            shown = [one for one in some if one.ahead >= threshold]
            right = sum(one.right for one in shown) / max(1, len(shown))
            hits = sum(one.right and one.wanted for one in shown) / max(1, sum(one.wanted for one in some))
            said.append(f"{name}: {len(some)} examples, right {right:.3f}, found {hits:.2f}")
        print("  ".join(said))
