"""How many of the six kinds of barriers weigh on somebody: counted by name, or said as a number."""

from __future__ import annotations

from portal.triage.facts import CITIZEN
from portal.triage.understanding.context import Context
from portal.triage.understanding.grammar import word_set
from portal.triage.understanding.phrases import Mention
from portal.triage.understanding.quantities import number_at, spans

FACT = "social_barriers"
SIX = CITIZEN[FACT].high
COUNTED = 4  # words of an answer in which a number can only be how many
SETTLED_WITHIN = 6  # words after a barrier in which it may be said to be settled


class Barriers(Context):
    """The reader of barriers. Which they are is never kept."""

    def _barriers(self) -> None:
        every = [
            one
            for one in self.found.get("barrier", ())
            if not self.scope.of_somebody_else(one) and not self.scope.supposed(one)
        ]
        asked = self.question == FACT
        said = self._said() if asked else None
        if said is not None:
            self.facts[FACT] = said
            return
        kinds = {one.value for one in every}
        if asked and kinds and self._all_but():
            self.facts[FACT] = SIX - len(kinds)
            return
        held = {one.value for one in every if self._weighs(one)}
        only = {one.value for one in every if self._weighs(one) and self._only(one)}
        held = only or held
        if held:
            self.facts[FACT] = len(held)
        elif self._none_at_all() or (asked and (kinds or self._text(0) in word_set("no"))):
            self.facts[FACT] = 0
        elif asked and self._cue("barriers", "all") and len(self.words.words) <= COUNTED and not self._well():
            self.facts[FACT] = SIX
        elif asked and (len(self.words.words) <= COUNTED or self._counts()):
            self._number(FACT)
        elif len(kinds - held) >= 3:
            self.facts[FACT] = 0

    def _none_at_all(self) -> bool:
        """ "ingen problemer"; not "ingen problemer med helbredet"."""
        return any(self._text(one.end) not in ("med", "with") for one in self._cue("barriers", "none"))

    def _well(self) -> bool:
        """ "alt i orden her", "everything is fine"."""
        return bool(self._texts() & {*word_set("well"), "orden", "okay", "ok"})

    def _weighs(self, mention: Mention) -> bool:
        return not self._denied(mention) and not self._once(mention) and not self._settled(mention)

    def _said(self) -> int | None:
        """A number the answer begins with, or the one it is corrected to: "3, eller nej, 2 for sproget går godt nu"."""
        if (
            self._texts() & word_set("a_couple")
            and not self.found.get("barrier")
            and len(self.words.words) <= 2 * COUNTED
        ):
            return 2
        first = number_at(self.words, 0)
        follows = self._text(first.end) if first else ""
        if first is None or any(True for _ in spans(self.words)) or follows in word_set("not_counted"):
            return None
        if self._text(0) in ("en", "et", "a") or not float(first.value).is_integer() or first.high:
            return None
        found = int(first.value)
        for at in range(first.end, len(self.words.words)):
            later = number_at(self.words, at)
            if later and self.scope.corrected(
                Mention("n", "", 0, first.end), Mention("n", "", at, later.end)
            ):
                found = int(later.value)
        return found if 0 <= found <= SIX else None

    def _all_but(self) -> bool:
        """ "alle undtagen sprog", "ikke misbrug men alt det andet"."""
        said, words = self.words.between(0, len(self.words.words)), self._texts()
        return (_stands("all_but", said) and bool(words & word_set("every"))) or (
            _stands("all_the_rest", said) and bool(words & word_set("negations"))
        )

    def _texts(self) -> set[str]:
        return {word.text for word in self.words.words}

    def _only(self, mention: Mention) -> bool:
        """ "boligen er på plads, så kun gæld tilbage": what comes after "only" in its clause is all there is."""
        before = {self._text(at) for at in self.words.clause_of(mention.start) if at < mention.start}
        return bool(before & word_set("only"))

    def _settled(self, mention: Mention) -> bool:
        """ "gælden er betalt", "boligen er på plads": said to be well in the words that follow."""
        after = [at for at in self.words.clause_of(mention.start) if at >= mention.end][:SETTLED_WITHIN]
        before = {self._text(mention.start - step) for step in range(1, 4)}
        well = self._text(mention.start - 1) in word_set("well") or (
            mention.value == "housing" and bool(before & word_set("found"))
        )
        joined = self._text(mention.start - 1) in ("og", "and") and any(
            one.end == mention.start - 1 and self._text(one.start - 1) in word_set("well")
            for one in self.found.get("barrier", ())
        )
        clause = [self._text(at) for at in self.words.clause_of(mention.start) if at < mention.start]
        fine = bool(set(clause) & {"orden", "styr", "okay"})
        return well or joined or fine or _stands("settled", " ".join(self._text(at) for at in after))

    def _denied(self, mention: Mention) -> bool:
        """ "ingen gæld" is denied; "kan ikke betale mine regninger" says what weighs."""
        before = {self._text(at) for at in self.words.clause_of(mention.start) if at < mention.start}
        if self._goes_on_denying(mention):
            return True
        return self.scope.negated(mention) and not before & word_set("unable")

    def _goes_on_denying(self, mention: Mention) -> bool:
        """ "no debt, addiction or anything": a list goes on with what its beginning denies."""
        at = self.words.words[mention.start].clause
        clause = self.words.clauses[at]
        if at == 0 or clause[0] != mention.start or not {self._text(i) for i in clause} & {"or", "eller"}:
            return False
        return any(
            self.words.words[one.start].clause == at - 1 and self.scope.negated(one)
            for one in self.found.get("barrier", ())
        )

    def _counts(self) -> bool:
        """ "tre af dem", "to ting": a number of these, and not of people, rooms or children."""
        return any(
            number_at(self.words, at) and self._text(at + 1) in word_set("counted")
            for at in range(len(self.words.words))
        )

    def _once(self, mention: Mention) -> bool:
        """ "tidligere misbruger", "used to drink": over. A sentence of last year's is not."""
        before = {self._text(at) for at in range(max(0, mention.start - 3), mention.start)}
        return bool(before & word_set("once")) or self.scope.no_longer(mention)


def _stands(name: str, said: str) -> bool:
    """Whether one of the phrases of that list stands in what is said."""
    return any(f" {phrase} " in f" {said} " for phrase in word_set(name))
