"""How long somebody has been without work, and how long they expect to be away sick."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from portal.triage.facts import CITIZEN
from portal.triage.understanding.context import Context
from portal.triage.understanding.dates import days, month_end
from portal.triage.understanding.grammar import word_set
from portal.triage.understanding.phrases import Mention
from portal.triage.understanding.quantities import Span, number_at, spans, weeks

SOON = 4  # words within which a number alone corrects a stretch in a message
Found = tuple[int, int, int]  # where it begins and ends, and how many weeks it comes to


class Lengths(Context):
    """The reader of spans and dates."""

    def _notice(self) -> bool:
        """In a period of notice: told to go, and not gone."""
        told = [one for one in self._cue("unemployed", "notice") if not self.scope.negated(one)]
        going = [one for one in self._cue("unemployed", "going") if not self.scope.supposed(one)]
        if going and not self._cue("unemployed", "left"):
            return True
        return (
            bool(told)
            and bool(self._cue("unemployed", "leaves") or self.found.get("employed"))
            and not [
                one
                for one in self._cue("unemployed", "left")
                if not self.scope.negated(one) and one.start > told[0].start
            ]
        ) or bool([one for one in told if self._text(one.start) in ("i", "given", "under")])

    def _weeks(self) -> None:
        asked = self.question == "weeks_unemployed"
        if self._notice() or self._cue("unemployed", "begins_today"):
            self.facts["weeks_unemployed"] = 0
            return
        if asked and self._own("employed", "true") and not self._own("employed", "false"):
            self.facts |= {"weeks_unemployed": 0, "employed": True}
            return
        cues = [one for one in self._cue("unemployed", "cues") if asked or not self.scope.supposed(one)]
        found = [*self._since_days(cues, asked=asked), *self._lasted(cues, asked=asked)]
        found += [*self._same_unit(found), *([] if asked else self._put_right_to(found))]
        if asked and self.words.between(0, 2) == "not yet":
            self.facts["weeks_unemployed"] = 0
            return
        lately = self._lately(range(len(self.words.words)))
        lately &= word_set("lately") if asked else {"gaar", "igaar", "yesterday"}
        said = f" {self.words.between(0, len(self.words.words))} "
        if asked and lately and (" sidste uge " in said or " last week " in said):
            found = [(0, 0, 1)]
        if not found and ((asked and lately) or (not asked and cues and self._some_days_ago(cues))):
            found.append((0, 0, 0))
        values = [value for *_, value in self._kept(found) if 0 <= value <= CITIZEN["weeks_unemployed"].high]
        if asked and self.scope.unsure:
            return
        if values:
            self.facts["weeks_unemployed"] = values[0]
        elif asked:
            self._number("weeks_unemployed")

    def _lasted(self, cues: Sequence[Mention], *, asked: bool) -> Iterator[Found]:
        """Stretches of time next to what says that one is without work."""
        sentences = {self._sentence(one.start) for one in cues}
        sick = {self._sentence(one.start) for one in self._cue("unemployed", "sick")}
        for span in spans(self.words):
            mention = Mention("weeks", "", span.start, span.end)
            if (
                self.scope.of_somebody_else(mention)
                or self.scope.supposed(mention)
                or self._is_denied(mention)
            ):
                continue
            if asked or (self._sentence(span.start) in sentences - sick and self._lasting(span, cues)):
                yield span.start, span.end, weeks(span.days)

    def _is_denied(self, mention: Mention) -> bool:
        """ "ikke ledig i 2 år men i 2 måneder"; but "har ikke arbejdet i 2 år" is how long."""
        clause = [at for at in self.words.clause_of(mention.start) if at < mention.start]
        denied = [at for at in clause if self._text(at) in word_set("negations")]
        return bool(denied) and any(self._text(at) in word_set("jobless") for at in clause if at > denied[0])

    def _since_days(self, cues: Sequence[Mention], *, asked: bool) -> Iterator[Found]:
        """Days since which one is without work, or on which it ended."""
        sentences = {self._sentence(one.start) for one in cues}
        sick = {self._sentence(one.start) for one in self._cue("unemployed", "sick")}
        named = list(days(self.words, self.today))
        exact = [day for day in named if not day.rough]
        for day in exact or named:
            before = [self._text(day.start - step) for step in range(1, 5)]
            since = bool(set(before[:3]) & {"siden", "since", "sin"})
            sentence = self._sentence(day.start)
            near = sentence in sentences or (since and {sentence - 1, sentence - 2} & sentences)
            left = before[1] in ("udgangen", "end") or before[0] == "med"
            if asked or (
                (since or left or set(before) & word_set("ended"))
                and near
                and not {sentence, sentence - 1} & sick
            ):
                gone = self.today - (month_end(day.day) if left and day.day.day == 1 else day.day)
                yield day.start, day.end, max(0, gone.days // 7)

    def _kept(self, found: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """Those not taken back; what is said to be so long ago comes before what lasted so long."""
        kept = self.scope.standing([Mention("weeks", str(value), *place) for *place, value in found])
        values = [(one.start, one.end, int(one.value)) for one in kept]
        since = ("siden", "since")
        return sorted(
            values,
            key=lambda one: (
                self._text(one[1]) not in ("siden", "ago") and self._text(one[0] - 1) not in since
            ),
        )

    def _put_right_to(self, found: Sequence[Found]) -> Iterator[Found]:
        """ "ten months, no sorry, a full year": a stretch that takes back one that was meant is meant too."""
        for span in spans(self.words):
            later = Mention("w", "", span.start, span.end)
            if any(self.scope.corrected(Mention("w", "", start, end), later) for start, end, _ in found):
                yield span.start, span.end, weeks(span.days)

    def _same_unit(self, found: Sequence[Found]) -> list[Found]:
        """ "2 år, nej, det er nok 3": a number alone after one that had a unit is of the same."""
        asked = self.question != "open"
        for start, end, value in found:
            span = next((one for one in spans(self.words) if one.start == start), None)
            first = number_at(self.words, start)
            one = first.value if first else 1
            for at in range(end, len(self.words.words) if asked else min(end + SOON, len(self.words.words))):
                later = None if at in {place for place, *_ in found} else number_at(self.words, at)
                more = later and self._text(later.end) in word_set("more_of_it")
                if later and (
                    more
                    or self.scope.corrected(Mention("w", "", start, end), Mention("w", "", at, later.end))
                ):
                    lasts = weeks(span.days / one * later.value) if span else round(value / one * later.value)
                    return [(at, later.end, lasts)]
        return []

    def _some_days_ago(self, cues: Sequence[Mention]) -> bool:
        """ "Got sacked Friday", "fyret i går": this week."""
        return any(
            self._lately(range(one.end, min(one.end + 4, len(self.words.words)))) & word_set("lately")
            for one in cues
        )

    def _lately(self, where: range) -> set[str]:
        """The words there; "går" is one only in "i går"."""
        return {self._text(at) for at in where if self._text(at) != "gaar" or self._text(at - 1) == "i"}

    def _lasting(self, span: Span, cues: Sequence[Mention]) -> bool:
        """A stretch that is how long, not how old: next to what says that one is without work, or ago."""
        after, before = self._text(span.end), self._text(span.start - 1)
        if after in ("siden", "ago"):
            return True
        clause = set(self.words.clause_of(span.start))
        following = {self._text(at) for at in range(span.end, span.end + 4) if at in clause}
        leading = {self._text(span.start - step) for step in range(1, 4)}
        if following & word_set("not_how_long") or leading & word_set("runs_out") or span.days < 2:
            return False
        unit = self._text(span.end - 1)
        if (
            unit in ("aar", "years", "year", "yrs")
            and before not in word_set("years_after")
            and after not in word_set("years_before")
        ):
            return False
        years = unit in word_set("years")
        near = [
            one
            for one in cues
            if self.words.words[one.start].sentence == self._sentence(span.start)
            and (not years or one.start in clause)
            and (0 <= one.start - span.end <= 3 or 0 <= span.start - one.end <= 3)
        ]
        return bool(near)

    def _weeks_sick(self) -> None:
        asked = self.question == "expected_weeks_sick"
        sick = bool(self._cue("unemployed", "sick")) or "employed" in self.facts
        found: list[tuple[int, int, int]] = []
        for span in spans(self.words):
            near = {
                self._text(i) for i in range(max(0, span.start - 5), min(len(self.words.words), span.end + 4))
            }
            ago = (
                self._text(span.end) in ("siden", "ago", "efter", "after")
                and self._text(span.end + 1) not in ("hvad", "what")
            ) or self._text(span.start - 1) in ("siden", "since")
            been = {self._text(i) for i in range(max(0, span.start - 4), span.start)} & {"vaeret", "been"}
            other = self.scope.of_somebody_else(Mention("w", "", span.start, span.end))
            if not ago and not been and not other and (asked or (sick and near & word_set("away"))):
                value = weeks((span.days + (span.high or span.days)) / 2)
                found.append((span.start, span.end, value))
        if asked and self._cue("away", "over"):
            self.facts["expected_weeks_sick"] = 0
            return
        found = self._one_after_the_other(found) if asked else found
        for day in days(self.words, self.today, ahead=True) if asked and not found else ():
            found.append((day.start, day.end, max(0, round((day.day - self.today).days / 7))))
        if (
            asked
            and not found
            and {word.text for word in self.words.words}
            & {"mandag", "monday", "morgen", "tomorrow", "uge", "week"}
        ):
            found.append((0, 1, 1))
        found += self._same_unit(found) if asked else []
        values = [
            value for _, _, value in self._kept(found) if 0 <= value <= CITIZEN["expected_weeks_sick"].high
        ]
        if values and not (asked and self.scope.unsure):
            self.facts["expected_weeks_sick"] = values[-1]
        elif asked and not self.scope.unsure:
            self._number("expected_weeks_sick")

    def _one_after_the_other(self, found: list[Found]) -> list[Found]:
        """ "opereres om 3 uger og så 6 uger derefter", "operation d. 10. december og 6 uger bagefter": they add up."""
        said = {word.text for word in self.words.words}
        if not said & word_set("one_after_the_other"):
            return found
        begin = [day for day in days(self.words, self.today, ahead=True) if found and day.end <= found[0][0]]
        if begin and len(found) == 1:
            weeks_to = max(0, round((begin[0].day - self.today).days / 7))
            return [(begin[0].start, found[0][1], weeks_to + found[0][2])]
        if len(found) == 2:
            return [(found[0][0], found[1][1], found[0][2] + found[1][2])]
        return found
