"""How well labelled utterances are understood: precision and recall per fact, what is left alone, occupations first and among five."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from portal.triage.understanding import Understood, understand

HERE = Path(__file__).parent
DAY = date(2026, 11, 25)
TUNING, *UNREAD = (
    HERE / f"{name}.jsonl" for name in ("tuning", "untouched", "typical", "fresh", "last", "newest")
)


@dataclass
class Score:
    """Counts over one file. `right`, `wrong`, `found` and `missed` are per fact; what may be said and need not be is right, and
    not among what has to be `found`."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    unclear: int = 0
    left_alone: int = 0
    titles: int = 0
    first: int = 0
    among_five: int = 0
    persons_wrong: int = 0

    @property
    def precision(self) -> float:
        return self.right.total() / max(1, self.right.total() + self.wrong.total())

    @property
    def recall(self) -> float:
        return self.found.total() / max(1, self.found.total() + self.missed.total())

    def lines(self) -> list[str]:
        said = [
            f"precision {self.precision:.3f}, recall {self.recall:.3f} over {self.found.total() + self.missed.total()} facts",
            f"left alone when unclear {self.left_alone}/{self.unclear}",
            f"occupation right first {self.first}/{self.titles}, among five {self.among_five}/{self.titles}",
        ]
        for fact in sorted({*self.right, *self.wrong, *self.missed}):
            right, wrong, found, missed = (
                count[fact] for count in (self.right, self.wrong, self.found, self.missed)
            )
            precision, recall = right / max(1, right + wrong), found / max(1, found + missed)
            said.append(f"  {fact:<22} precision {precision:.2f}  recall {recall:.2f}  ({found + missed})")
        return said


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def score(cases: Sequence[dict[str, Any]]) -> Score:
    """Every case understood and held against its label."""
    found = Score()
    for case in cases:
        _count(found, case, understand(case["question"], case["text"], case["lang"], DAY))
    return found


def _count(found: Score, case: dict[str, Any], understood: Understood) -> None:
    may = {
        name: value if isinstance(value, list) else [value]
        for name, value in (case.get("also") or {}).items()
    }
    for name, value in understood.facts.items():
        fits = value in [case["facts"].get(name), *may.get(name, ())] and (
            name in case["facts"] or name in may
        )
        (found.right if fits else found.wrong)[name] += 1
    for name, value in case["facts"].items():
        met = understood.facts.get(name) in [value, *may.get(name, ())]
        (found.found if met else found.missed)[name] += 1
    if case["unclear"]:
        found.unclear += 1
        found.left_alone += not understood.facts and understood.occupation is None
    codes = {str(code) for code in [*may.get("occupation", ()), case["occupation"]] if code}
    if case["question"] == "occupation" and codes and not case["unclear"]:
        named = [str(one.value) for one in understood.candidates]
        found.titles += 1
        found.first += bool(named) and named[0] in codes
        found.among_five += bool(codes & set(named))
    found.persons_wrong += understood.wants_person != case["wants_person"]


if __name__ == "__main__":
    for name in sys.argv[1:] or map(str, (TUNING, *UNREAD)):
        print(name.rsplit("/", 1)[-1])
        print("\n".join(score(read(Path(name))).lines()))
