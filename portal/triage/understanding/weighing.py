"""What is said in more ways than lists hold is weighed by what was learnt from examples; the lists' word counts with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from portal.triage.facts import CITIZEN, Value
from portal.triage.understanding.context import Context
from portal.triage.understanding.examples import FACTS, MESSAGE, PERIODS, SENTENCE, learnt
from portal.triage.understanding.grammar import listed, word_set
from portal.triage.understanding.marks import Marks, marks_of
from portal.triage.understanding.periods import AWAY, UNEMPLOYED, Period, periods
from portal.triage.understanding.quantities import number_at

HALF = 0.5
CAUSE, JOB = "sickness_cause_clear", "employed"
WORK = tuple(word_set("work"))
MOST = {fact: CITIZEN[fact].high for fact in (UNEMPLOYED, AWAY)}  # weeks
WORTH_ASKING = 0.5  # of a threshold


class Weighing(Context):
    """The reader of what the lists did not settle alone."""

    def _weigh_all(self) -> None:
        for fact in FACTS:
            if self.question == fact or (self.question == "open" and self._can_say(fact)):
                self._weigh(fact)
        if self.question == "open":
            self._weigh_periods()

    def _can_say(self, fact: str) -> bool:
        """Of somebody who is not sick no message tells the cause; whether one has a job it tells with a word of work."""
        if fact == JOB:
            return any(word.text.startswith(WORK) for word in self.words.words)
        return fact != CAUSE or self._is_sick()

    def _weigh(self, fact: str) -> None:
        """The value that is far enough ahead is certain; one that is nearly so, or that the lists had, is worth asking after."""
        thresholds, asked = listed("thresholds"), self.question == fact
        sure = thresholds["answers" if asked else "open"][fact]
        said = self.facts.pop(fact, None)
        ahead = self._ahead(fact, said, thresholds["listed"])
        if not ahead:  # no word is the writer's own
            return
        value = max(ahead, key=lambda one: ahead[one])
        certain = ahead[value] >= sure or (value == said and not asked)
        if certain and not (asked and self.asks_back):
            self.facts[fact] = value
            self.maybe.pop(fact, None)
        elif said is not None:
            self.maybe[fact] = tuple(dict.fromkeys((said, value)))
        elif certain or ahead[value] >= sure * WORTH_ASKING:
            self.maybe.setdefault(fact, (value,))

    def _ahead(self, fact: str, said: Value | None, add: float) -> dict[Value, float]:
        """How far each value is ahead of the others: in an answer; in a message, in the sentence that says it most plainly,
        and half as much in the whole."""
        tables, asked = learnt(), self.question == fact
        found: dict[Value, float] = {}
        for marks in self._sentences:
            for value, ahead in tables[fact if asked else SENTENCE + fact].weigh(marks).items():
                if value is not None:
                    found[value] = max(found.get(value, ahead), ahead)
        if not asked:
            whole = tables[MESSAGE + fact].weigh(self._whole)
            found = {value: ahead + HALF * whole.get(value, 0.0) for value, ahead in found.items()}
        if said is not None:
            found = {value: ahead + (add if value == said else -add) for value, ahead in found.items()}
        return found

    @cached_property
    def _sentences(self) -> Sequence[Marks]:
        """The words of each sentence of a message, or of the whole of an answer, without what is said of others."""
        own: dict[int, list[str]] = {}
        for at, word in enumerate(self.words.words):
            if not self.scope.others_at(at):
                own.setdefault(word.sentence if self.question == "open" else 0, []).append(word.text)
        return [marks_of(words) for words in own.values()]

    @cached_property
    def _whole(self) -> Marks:
        return marks_of([word.text for word in self.words.words])

    def _weigh_periods(self) -> None:
        """Lengths of time and days the lists had no word beside, by the words around them."""
        sure = listed("thresholds")["open"][PERIODS]
        found: dict[str, tuple[float, int]] = {}
        for period in periods(self.words, self.today):
            if self.scope.others_at(period.start) or self._is_my_age(period) or self._is_of_moving(period):
                continue
            ahead = learnt()[PERIODS].weigh(period.marks)
            for fact, lasts in period.weeks.items():
                if lasts <= MOST[fact] and ahead[fact] >= max(sure, found.get(fact, (0.0, 0))[0]):
                    found[fact] = ahead[fact], lasts
        for fact, (_, lasts) in found.items():
            if fact not in self.facts and (fact != AWAY or self._says_sick()):
                self.facts[fact] = lasts

    def _is_my_age(self, period: Period) -> bool:
        """ "58 år" is how old somebody is, where that is their age."""
        number = number_at(self.words, period.start)
        years = self._text(period.end - 1) in word_set("years")
        return number is not None and years and number.value == self.facts.get("age")

    def _is_of_moving(self, period: Period) -> bool:
        """ "I came to Denmark two years ago"."""
        sentence = self._sentence(period.start)
        return bool(
            {word.text for word in self.words.words if word.sentence == sentence} & word_set("arrivals")
        )
