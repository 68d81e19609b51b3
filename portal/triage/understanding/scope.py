"""Whose a mention is, and whether it holds: negations, others, hypotheses, wishes, the past and corrections."""

from __future__ import annotations

from collections.abc import Sequence

from portal.triage.understanding.grammar import word_set
from portal.triage.understanding.phrases import Mention, grammar_phrases
from portal.triage.understanding.text import Words

LEFT = 5  # words between a schooling and that it was left
WISHED = 5  # words a wish reaches over
REACH = 4  # words a negation reaches over


class Scope:
    """The small words of one text, and what they say of a mention in it."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._marks: dict[str, list[Mention]] = {}
        for mark in grammar_phrases().find(words):
            # "for" is "før" without its ø, or the other word: too little to go by.
            if words.words[mark.start].text != "for":
                self._marks.setdefault(mark.kind, []).append(mark)
        self._others = _clauses_of_others(words)

    def holds(self, mention: Mention, *, negatable: bool = True) -> bool:
        """Whether the mention is the writer's own, and holds now as far as the words around it say."""
        return not (
            self.of_somebody_else(mention) or self.supposed(mention) or (negatable and self.negated(mention))
        )

    def negated(self, mention: Mention) -> bool:
        clause = self._clause(mention)
        before = [at for at in clause if at < mention.start]
        if any(self.words.words[at].text in ("hverken", "neither") for at in before):
            return True
        near = before[-REACH:]
        for step, at in enumerate(near):  # "ingen bolig og skylder ...": what comes after is said anew
            said_next = self.words.words[at + 1].text if at + 1 < len(self.words.words) else ""
            if self.words.words[at].text in ("og", "and") and said_next in word_set("verbs"):
                near = near[step + 1 :]
                break
        negations = [at for at in near if self.words.words[at].text in word_set("negations")]
        if not negations:
            after = [self.words.words[at].text for at in clause if mention.end <= at < mention.end + 2]
            last = mention.end == clause[-1]
            said = {"ikke", "not"} | ({"ingen", "intet", "nothing", "nobody"} if last else set())
            return mention.kind == "barrier" and bool(set(after[:1]) & said)
        # "ikke andet end", "ikke kun": what follows holds all the same
        following = [self.words.words[at].text for at in clause if negations[-1] < at < mention.start]
        return not set(following[:1]) & {"andet", "kun", "bare", "only", "just", "mere", "more"}

    def no_longer(self, mention: Mention) -> bool:
        """ "ikke frisør længere": true of a benefit or a job, not of what one has learnt."""
        clause = self._clause(mention)
        return any(mark.start in clause for mark in self._marks.get("no_longer", ())) and self.negated(
            mention
        )

    def past(self, mention: Mention) -> bool:
        """Said of a time that is over: close by, in the same clause."""
        clause = set(self._clause(mention))
        return any(
            mark.start in clause
            and (0 <= mention.start - mark.end <= 2 or 0 <= mark.start - mention.end <= 1)
            for mark in self._marks.get("past", ())
        )

    def wished(self, mention: Mention) -> bool:
        """Hoped for, in the same clause and before it."""
        clause = set(self._clause(mention))
        return any(
            mark.start in clause and mark.start < mention.end and mention.start - mark.end <= WISHED
            for mark in self._marks.get("wishes", ())
        )

    @property
    def vague(self) -> bool:
        """Whether the writer says not to know."""
        return bool(self._marks.get("vague"))

    @property
    def unsure(self) -> bool:
        """Whether the writer says not to know; "måske 3 uger" knows roughly."""
        perhaps = {"maaske", "maybe", "perhaps"}
        return any(self.words.words[mark.start].text not in perhaps for mark in self._marks.get("vague", ()))

    def unfinished(self, mention: Mention) -> bool:
        """Begun and left, or not yet done: said close by, in the same sentence."""
        if mention.start and self.words.words[mention.start - 1].text in ("kun", "only"):
            return False
        return any(self._leaves(mark, mention) for mark in self._marks.get("unfinished", ()))

    def _leaves(self, mark: Mention, mention: Mention) -> bool:
        """Whether that word of leaving is of this schooling: not of one begun after it ("student, begyndte på jura men
        stoppede"), and "mangler" only in its own clause."""
        words = self.words.words
        near = 0 <= mark.start - mention.end <= LEFT or 0 <= mention.start - mark.end <= LEFT
        if not near or words[mark.start].sentence != words[mention.start].sentence:
            return False
        if words[mark.start].text == "mangler":
            return mark.start in self._clause(mention)
        between = {words[at].text for at in range(mention.end, mark.start + 1)}
        return not between & word_set("begun")

    def trained(self, mention: Mention) -> bool:
        """Said to be what the writer has learnt: close by, in the same sentence; or a journeyman by name."""
        if self.words.words[mention.end - 1].text.endswith("svend"):
            return True
        sentence = self.words.words[mention.start].sentence
        return any(
            self.words.words[mark.start].sentence == sentence
            and self.words.words[mark.start - 1].text not in word_set("negations")
            and (
                0 <= mark.start - mention.end < 2
                or 0 <= mention.start - mark.end < 3
                or mention.start <= mark.start < mention.end  # "uddannet pædagog" as a title of its own
            )
            for mark in self._marks.get("trained", ())
        )

    def supposed(self, mention: Mention) -> bool:
        clause = {self.words.words[at].text for at in self._clause(mention) if at < mention.start}
        sentence = self.words.words[mention.start].sentence
        earlier = {word.text for word in self.words.words[: mention.start] if word.sentence == sentence}
        return bool(clause & word_set("ifs") or earlier & {"ville", "would"})

    def of_somebody_else(self, mention: Mention) -> bool:
        return any(
            start <= mention.start and mention.end <= end and not (mention.start <= named < mention.end)
            for start, end, named in self._others
        )

    @property
    def about_others(self) -> bool:
        """Whether somebody else is spoken of at all."""
        return bool(self._others)

    def others_at(self, at: int) -> bool:
        """Whether the word there is about somebody else."""
        return any(start <= at < end for start, end, _ in self._others)

    def standing(self, mentions: Sequence[Mention]) -> list[Mention]:
        """Those of several mentions of the same that were not taken back before another of them."""
        return [
            one
            for one in mentions
            if not any(self.corrected(one, other) for other in mentions if other.start > one.start)
        ]

    def corrected(self, earlier: Mention, later: Mention) -> bool:
        """Whether the writer took the earlier one back before the later."""
        return any(earlier.end <= mark.start < later.start for mark in self._marks.get("corrections", ()))

    def _clause(self, mention: Mention) -> tuple[int, ...]:
        return self.words.clause_of(mention.start)


def _clauses_of_others(words: Words) -> list[tuple[int, int, int]]:
    """Stretches about somebody else: from "min mand" to where the writer comes in again; (start, end, who is named)."""
    found = []
    others, owners, mine, about = (word_set(name) for name in ("others", "owners", "self", "about_others"))
    texts = [word.text for word in words.words]
    at = 0
    while at < len(texts):
        named = (
            texts[at] in others
            and at > 0
            and texts[at - 1] in owners
            and texts[at - 1] not in ("en", "a")
            and not (at > 1 and texts[at - 2] in word_set("beside"))
        )
        begins = at == 0 or words.words[at - 1].clause != words.words[at].clause
        if texts[at] in word_set("definite_others") or (begins and texts[at] in ("she", "he", "hun", "han")):
            named = True
        if not named and texts[at] == "hubby":
            named = True
        if not named:
            at += 1
            continue
        end, told_on = at + 1, False
        sentence = words.words[at].sentence
        clause = words.words[at].clause
        while end < len(texts) and words.words[end].sentence == sentence:
            if _is_mine(texts, end, mine):
                break
            if words.words[end].clause != clause:
                positions = words.clause_of(end)
                told_on = told_on or bool({texts[i] for i in positions} & about)
                if not told_on or any(_is_mine(texts, i, mine) for i in positions):
                    break
                clause = words.words[end].clause
            end += 1
        found.append((at - (texts[at - 1] in owners), end, at))
        at = end
    return found


def _is_mine(texts: Sequence[str], at: int, mine: frozenset[str]) -> bool:
    """Whether the writer comes in there. "I" is one; the Danish "i" is none: "i 3 år", "i huset"."""
    if texts[at] != "i":
        return texts[at] in mine
    return at + 1 < len(texts) and texts[at + 1] in word_set("after_i")
