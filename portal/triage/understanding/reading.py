"""From words to facts: every fact by what was said of it, kept only where it is the writer's own and certain enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from portal.triage.facts import EDUCATIONS, Value
from portal.triage.understanding import work
from portal.triage.understanding.ages import Ages
from portal.triage.understanding.barriers import Barriers
from portal.triage.understanding.context import is_negative
from portal.triage.understanding.grammar import listed, word_set
from portal.triage.understanding.lengths import Lengths
from portal.triage.understanding.phrases import Mention
from portal.triage.understanding.text import flat
from portal.triage.understanding.weighing import Weighing


@dataclass(frozen=True)
class Read:
    """What a text says: values that are certain, values that may have been meant, and the occupation's code."""

    facts: Mapping[str, Value]
    maybe: Mapping[str, tuple[Value, ...]]
    work: str | None
    wants_person: bool
    elsewhere: str | None
    declines: bool


class Reading(Ages, Lengths, Barriers, Weighing):
    """One text, read for a question or for everything."""

    def read(self) -> Read:
        readers: Mapping[str, Callable[[], None]] = {
            "age": self._age, "benefit": self._benefit, "education": self._education, "readiness": self._readiness,
            "health": self._health, "social_barriers": self._barriers, "employed": self._employed,
            "sickness_cause_clear": self._cause, "weeks_unemployed": self._weeks, "expected_weeks_sick": self._weeks_sick,
        }  # fmt: skip
        for name, read in readers.items():
            if self.question in (name, "open") or (name, self.question) == ("weeks_unemployed", "employed"):
                read()
        self._weigh_all()
        if self.question in TOGETHER and self._notice():
            self.facts |= {"employed": True, "weeks_unemployed": 0}
        elif self.question == "open" and self.facts.get("employed") is True:
            self._still_there()
        code = self._work() if self.question == "open" else None
        if self.question == "open" and self.asks_back:
            # "If I move to Denmark, will I get dagpenge?" says nothing of the writer.
            self.maybe = {**{fact: (value,) for fact, value in self.facts.items()}, **self.maybe}
            self.facts, code = {}, None
        wants = [
            one
            for one in self.found.get("person", ())
            if not self.scope.of_somebody_else(one) and not self.scope.negated(one)
        ]
        elsewhere = next(
            (one.value for one in self.found.get("elsewhere", ()) if not self.scope.of_somebody_else(one)),
            None,
        )
        self._hinted()
        declines = self.scope.vague or bool(self.found.get("declines"))
        return Read(self.facts, self.maybe, code, bool(wants), elsewhere, declines)

    def _still_there(self) -> None:
        """Who has a job has been without one for no time, if told to go; a stretch that says otherwise is of something else."""
        if self._cue("unemployed", "notice"):
            self.facts["weeks_unemployed"] = 0
        elif self.facts.get("weeks_unemployed"):
            del self.facts["weeks_unemployed"]

    def _hinted(self) -> None:
        """What may be meant by words that are not enough to say so: "sygemeldt" of a benefit, a bad back of the health."""
        for kind, mentions in self.found.items():
            fact = kind.removeprefix("hints.")
            if (
                fact == kind
                or self.question not in (fact, "open")
                or fact in self.facts
                or fact in self.maybe
            ):
                continue
            held = [one for one in mentions if self.scope.holds(one)]
            denied = any(self.scope.negated(one) for one in self.found.get(fact, ()))
            if held and not denied:
                self.maybe[fact] = tuple(value for one in held[:1] for value in one.value.split("|"))

    def _benefit(self) -> None:
        held = self._own("benefit")
        real = [
            one
            for one in held
            if one.value != "none" and not self.scope.past(one) and not self._gone_or_hoped(one)
        ]
        real = self._the_one(real)
        nothing = [one for one in held if one.value == "none"]
        funds = [one for one in self.found.get("akasse", ()) if self.scope.holds(one)]
        if funds and not real and not nothing and not self.found.get("benefit"):
            near = {
                word.text
                for word in self.words.words
                if word.sentence in {self._sentence(one.start) for one in funds}
            }
            denied = self._denied_after(funds[0])
            if (self.question == "benefit" or near & word_set("paying")) and not denied:
                real = [Mention("benefit", "dagpenge", funds[0].start, funds[0].end)]
        self._one_of("benefit", [one.value for one in real or nothing])

    def _denied_after(self, mention: Mention) -> bool:
        """ "min a-kasse betaler ikke mere"."""
        after = {self._text(at) for at in self.words.clause_of(mention.start) if at >= mention.end}
        return bool(after & word_set("negations"))

    def _gone_or_hoped(self, mention: Mention) -> bool:
        """ "efter 22 ugers sygedagpenge", "søger førtidspension"; who has asked for kontanthjælp counts as having it."""
        sentence = self._sentence(mention.start)
        near = range(max(0, mention.start - 3), mention.start)
        before = {self._text(at) for at in near if self._sentence(at) == sentence}
        gone, hoped = before & word_set("gone"), before & word_set("hoped")
        return bool(gone) or (mention.value != "kontanthjaelp" and bool(hoped))

    def _the_one(self, real: list[Mention]) -> list[Mention]:
        """Of several benefits the one that is had: with a "now", said to be got, or what the other turned into."""
        if len({one.value for one in real}) < 2:
            return real
        if {one.value for one in real} == {"jobafklaring", "ressourceforloeb"}:
            return [one for one in real if one.value == "jobafklaring"]  # it is paid by the other's name
        for holds in (self._is_now, self._is_got):
            kept = [one for one in real if holds(one)]
            if kept:
                return kept
        return real

    def _is_now(self, mention: Mention) -> bool:
        clause = self.words.clause_of(mention.start)
        return bool({self._text(at) for at in clause} & word_set("at_present"))

    def _is_got(self, mention: Mention) -> bool:
        clause = [self._text(at) for at in self.words.clause_of(mention.start) if at < mention.start]
        over = set(clause) & {"tidligere", "var", "was", "were", "engang", "foer", "until", "indtil"}
        return bool(set(clause[-3:]) & word_set("got")) and not over

    def _education(self) -> None:
        only = [one for one in self._own("education") if self._is_only(one)]
        levels = self._levels(only or self._own("education"))
        if not only:
            levels += [*self._by_trade(), *self._schooled()]
        denied = [
            one for one in self.found.get("education", ()) if self.scope.negated(one) and one.value != "basic"
        ]
        if not levels and self.question == "education" and denied and not self.scope.vague:
            levels.append("basic")
        if levels:
            self.facts["education"] = max(levels, key=EDUCATIONS.index)

    def _levels(self, mentions: Sequence[Mention]) -> list[str]:
        """What was finished; of what was left, that there is nothing above it."""
        levels = []
        for one in mentions:
            wished, left = self.scope.wished(one), one.value != "basic" and self.scope.unfinished(one)
            if self._is_workplace(one):
                continue
            if not wished and not (left and not self._kept_by("blev", one)):
                levels.append(one.value)
            elif left and not wished and one.value in ("upper_secondary", "vocational"):
                levels.append("basic")
        return levels

    def _by_trade(self) -> list[str]:
        """The schooling behind a trade that is learnt."""
        asked = self.question == "education"
        found = (
            level_of(one.value)
            for one in work.mentioned(self.words, self.scope)
            if (asked or self.scope.trained(one) or self._is_by_name(one))
            and not (self._is_subject(one) or self.scope.unfinished(one) or self.scope.wished(one))
        )
        return [level for level in found if level]

    def _schooled(self) -> list[str]:
        """ "tog min frisøruddannelse", "tømreruddannelsen færdig": a trade and the schooling for it in one word."""
        found = []
        for at, word in enumerate(self.words.words):
            joined = re.fullmatch(r"(.{3,}?)e?uddannelsen?", word.text)
            known = joined and work.our_titles().exact.get(flat(joined.group(1)))
            mention = Mention("education", "", at, at + 1)
            if known and not (
                self.scope.unfinished(mention) or self.scope.wished(mention) or not self.scope.holds(mention)
            ):
                found += [level for level in (level_of(known[0]),) if level]
        return found

    def _is_only(self, mention: Mention) -> bool:
        """ "so only the bachelor", "kun 9. klasse": what is said to be all there is."""
        before, words = [self._text(mention.start - step) for step in (1, 2)], word_set("all_there_is")
        return (
            before[0] in words
            or self._text(mention.start) in words
            or (before[0] in ("the", "a", "did") and before[1] in words)
        )

    def _is_subject(self, mention: Mention) -> bool:
        """ "bachelor i statskundskab": what was studied, and no trade."""
        return self._text(mention.start - 1) in ("i", "in") and any(
            one.end == mention.start - 1 for one in self.found.get("education", ())
        )

    def _is_by_name(self, mention: Mention) -> bool:
        """ "Jeg er sygeplejerske", "43, tømrer": trades nobody is in without having learnt them, said of oneself and not of
        "lægen" one sees."""
        levels, before = listed("levels"), self._text(mention.start - 1)
        if mention.value not in levels["named"] or self._text(mention.end - 1)[-2:] in ("en", "ne", "rs"):
            return False
        if before in ("a", "an"):
            before = self._text(mention.start - 2)
        if before in ("er", "am", "im", "jeg"):
            return True
        begins = self.words.clause_of(mention.start)[0] == mention.start or before.isdigit()
        return begins and mention.value not in levels["met"]

    def _is_workplace(self, mention: Mention) -> bool:
        """ "lærer på gymnasiet": where somebody works, not what they have."""
        before = {self._text(mention.start - 1), self._text(mention.start - 2)}
        named = [
            one
            for one in work.mentioned(self.words, self.scope)
            if self.words.words[one.start].clause == self.words.words[mention.start].clause
        ]
        teaches = {self._text(at) for at in self.words.clause_of(mention.start)} & word_set("teaching")
        return bool(before & {"paa", "at", "i", "in"}) and bool(
            teaches or [one for one in named if one.end <= mention.start]
        )

    def _kept_by(self, word: str, mention: Mention) -> bool:
        """ "... så det blev ved studenterhuen": what was not left unfinished."""
        return any(self._text(at) in (word, "har") for at in range(max(0, mention.start - 3), mention.start))

    def _readiness(self) -> None:
        held = [
            one
            for one in self.found.get("readiness", ())
            if not self.scope.of_somebody_else(one)
            and (one.value == "with_support" or not self.scope.supposed(one))
        ]
        if self.scope.vague:
            held = [one for one in held if one.value == "with_support"]
        values = []
        for one in held:
            if one.value == "now" and self.scope.negated(one):
                values.append("not_now")
            elif one.value == "with_support" or not self.scope.negated(one) or is_negative(self.words, one):
                values.append(one.value)
        if "with_support" in values and "not_now" not in values:
            values = ["with_support"]
        self._one_of("readiness", values)

    def _health(self) -> None:
        if self.question == "health" and self.scope.vague:
            return
        values = []
        for one in self.found.get("health", ()):
            if self.scope.of_somebody_else(one) or self.scope.supposed(one):
                continue
            if one.value == "none" and self.scope.negated(one) and not is_negative(self.words, one):
                values.append("some")
            elif (
                one.value == "severe"
                and self.question == "health"
                and self.scope.negated(one)
                and not is_negative(self.words, one)
            ):
                values.append("none")
            elif one.value == "none" or not self.scope.negated(one) or is_negative(self.words, one):
                values.append(one.value)
        if "severe" in values:
            values = ["severe"]
        elif "some" in values and "none" in values:
            values = ["some"] if self.question == "health" else []
        self._one_of("health", values)
        if (
            "health" not in self.facts
            and self.question == "health"
            and self._own("sickness_cause_clear", "true")
        ):
            self.maybe["health"] = ("some", "severe")

    def _employed(self) -> None:
        asked = self.question == "employed"
        if self._notice():
            self.facts["employed"] = True
            return
        if asked and self.scope.vague:
            return
        said = self._of_a_job()
        values = {one.value for one in said}
        if len(values) == 1 or (values and asked):
            self.facts["employed"] = said[-1].value == "true"
        elif asked:
            first = self._text(0)
            if first in word_set("yes") and self._text(1) not in ("og", "and"):
                self.facts["employed"] = True
            elif first in word_set("no"):
                self.facts["employed"] = False
            elif self._works_as_something():
                self.facts["employed"] = True

    def _of_a_job(self) -> list[Mention]:
        """What is said of having a job or none, in order; what is said with a "now" alone, where there is such."""
        yes = [one for one in self._own("employed", "true") if not self._is_from_a_day(one)]
        found = [one for one in (*yes, *self._own("employed", "false")) if not self._was(one)]
        found = sorted([*found, *self._not_lost()], key=lambda one: one.start)
        now = [one for one in found if self._is_now(one)]
        return now if now and len({one.value for one in found}) > 1 else found

    def _was(self, mention: Mention) -> bool:
        """ "jeg var ansat i Matas", "var jeg arbejdsløs": over."""
        before = {self._text(mention.start - step) for step in (1, 2)}
        return self.scope.past(mention) or bool(before & {"var", "was", "were"})

    def _is_from_a_day(self, mention: Mention) -> bool:
        """ "sygemeldt fra i dag": from when, and not from what."""
        after = self._text(mention.end)
        return self._text(mention.end - 1) in ("fra", "from") and (
            after in ("i", "den", "d", "today", "tomorrow") or after[:1].isdigit()
        )

    def _not_lost(self) -> list[Mention]:
        """ "ikke fyret endnu", "I'm not unemployed": who has not lost a job has one."""
        lost = [one for one in self.found.get("employed", ()) if one.value == "false"]
        return [
            replace(one, value="true")
            for one in lost
            if self.scope.negated(one)
            and not is_negative(self.words, one)
            and not self.scope.of_somebody_else(one)
        ]

    def _works_as_something(self) -> bool:
        """ "smed på et værft": a trade named in answer to whether one has a job, with nothing that says it is over."""
        over = {word.text for word in self.words.words} & word_set("over")
        return not over and bool(work.mentioned(self.words, self.scope, asked=True))

    def _cause(self) -> None:
        known, unknown = self._own("sickness_cause_clear", "true"), self._own("sickness_cause_clear", "false")
        asked = self.question == "sickness_cause_clear"
        sick = self._is_sick() or asked
        if asked and self.scope.vague:
            return
        if unknown and known and asked:
            self.facts["sickness_cause_clear"] = known[-1].start > unknown[-1].start
        elif unknown and sick:
            self.facts["sickness_cause_clear"] = False
        elif (known and sick) or (asked and self._text(0) in word_set("yes")):
            self.facts["sickness_cause_clear"] = True
        elif asked and self._text(0) in word_set("no"):
            self.facts["sickness_cause_clear"] = False

    def _work(self) -> str | None:
        kept = self.scope.standing(work.mentioned(self.words, self.scope))
        if kept and self._latest(kept):
            return kept[-1].value
        return work.first_of(self.words, kept)

    def _latest(self, kept: Sequence[Mention]) -> bool:
        before = {self._text(at) for at in range(max(0, kept[-1].start - 3), kept[-1].start)}
        return bool(before & {"senest", "nu", "now", "latest", "lately", "sidst"})


TOGETHER = ("employed", "weeks_unemployed")  # a period of notice answers both


def level_of(code: str) -> str | None:
    """The education a trade is learnt by, where there is one usual way."""
    levels = {level: one["codes"] for level, one in listed("levels").items() if level in EDUCATIONS}
    return next(
        (level for level, codes in levels.items() if any(code.startswith(one) for one in codes)), None
    )
