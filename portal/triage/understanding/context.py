"""One text before it is read: its words, their scope, the phrases that stand in it, and what has been found so far."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from portal.triage.facts import CITIZEN, Value
from portal.triage.understanding.grammar import grammar, word_set
from portal.triage.understanding.phrases import Mention, facts_phrases
from portal.triage.understanding.quantities import number_at, spans
from portal.triage.understanding.scope import Scope
from portal.triage.understanding.text import Words, words_of

PLAIN = ("health?", "readiness?", "barriers?")  # kinds whose single words say other things in longer answers
IN_PASSING = 4  # words of a clause in which a single one may be the answer


class Context:
    """What every reader of the text looks at."""

    def __init__(self, text: str, question: str, today: date) -> None:
        self.words = words_of(text, frozenset(grammar()["but"]))
        self.question, self.today = question, today
        ends = re.findall(r"[.!?\n]+", text.strip())
        self.asks_back = text.rstrip().endswith("?") and all("?" in end for end in ends)
        self.scope = Scope(self.words)
        self.found: dict[str, list[Mention]] = {}
        for one in facts_phrases(question).find(self.words):
            self.found.setdefault(one.kind, []).append(one)
        for kind in [kind for kind in self.found if kind.endswith("?")]:
            # A word that says it only in answer to this question counts where nothing plainer is said.
            plainer = self.found.setdefault(kind[:-1], [])
            if not plainer or kind == "barrier?":
                plainer += [
                    replace(one, kind=kind[:-1])
                    for one in self.found[kind]
                    if all(one.end <= other.start or one.start >= other.end for other in plainer)
                    and not (self._in_passing(one) and (kind in PLAIN or self._text(one.start) == "ikke"))
                ]
        self.facts: dict[str, Value] = {}
        self.maybe: dict[str, tuple[Value, ...]] = {}

    def _in_passing(self, mention: Mention) -> bool:
        """A single word ("nej", "lidt", "stadig") answers where it is all, or nearly all, of a clause; not in the middle of
        a longer one."""
        if mention.end - mention.start > 1:
            return False
        clause = self.words.clause_of(mention.start)
        return len(clause) > IN_PASSING and len(self.words.words) > IN_PASSING

    def _own(self, kind: str, value: str = "") -> list[Mention]:
        """Mentions of a kind that hold, those taken back left out."""
        return self.scope.standing(
            [
                one
                for one in self.found.get(kind, ())
                if (not value or one.value == value)
                and self.scope.holds(one, negatable=not is_negative(self.words, one))
            ]
        )

    def _cue(self, kind: str, value: str) -> list[Mention]:
        name = f"{kind}.{value}" if kind in ("unemployed", "away") else kind
        return [
            one
            for one in self.found.get(name, ())
            if one.value == value and not self.scope.of_somebody_else(one)
        ]

    def _text(self, at: int) -> str:
        return self.words.words[at].text if 0 <= at < len(self.words.words) else ""

    def _sentence(self, at: int) -> int:
        return self.words.words[min(at, len(self.words.words) - 1)].sentence

    def _is_sick(self) -> bool:
        """Whether the writer is sick-listed, speaks of being sick, or has a job: only somebody with a job to be away from
        tells of being ill and employed."""
        return self._says_sick() or self.facts.get("employed") is True

    def _says_sick(self) -> bool:
        listed_sick = self.facts.get("benefit") in ("sygedagpenge", "jobafklaring")
        return listed_sick or bool(self._cue("unemployed", "sick") or self._cue("unemployed", "ill"))

    def _one_of(self, fact: str, values: Sequence[str]) -> None:
        """One value is certain; several are only suggested."""
        distinct = tuple(dict.fromkeys(values))
        if len(distinct) == 1:
            self.facts[fact] = distinct[0]
        elif distinct:
            self.maybe[fact] = distinct

    def _number(self, fact: str) -> None:
        """A number alone is the answer; one that belongs to something else is not."""
        if any(True for _ in spans(self.words)) or self.scope.vague:
            return
        alone = len(self.words.words) <= 2
        numbers = (
            number_at(self.words, at)
            for at in range(len(self.words.words))
            if alone or self._text(at) not in word_set("articles")
        )
        whole = (int(one.value) for one in numbers if one and one.value == int(one.value))
        value = next((one for one in whole if CITIZEN[fact].low <= one <= CITIZEN[fact].high), None)
        if value is not None:
            self.facts[fact] = value


def is_negative(words: Words, mention: Mention) -> bool:
    """Whether the phrase has its own "no" in it: "ingen uddannelse", "not ready"."""
    own = {words.words[at].text for at in range(mention.start, mention.end)}
    return bool(own & set(grammar()["negations"])) or bool(own & {"unskilled", "ufaglaert", "intet"})
