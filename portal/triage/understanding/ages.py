"""How old somebody says they are: "midt i trediverne", "født i 74", "fyldt 50", 34 alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from portal.triage.facts import CITIZEN
from portal.triage.understanding import work
from portal.triage.understanding.context import Context
from portal.triage.understanding.grammar import grammar, word_set
from portal.triage.understanding.phrases import Mention
from portal.triage.understanding.quantities import Number, number_at

OLD = ("aar", "aarig", "aarige", "yo", "years", "yrs", "year", "y", "old", "gammel")
SAID = (
    "er",
    "selv",
    "blev",
    "bin",
    "turned",
    "fyldt",
    "blevet",
    "alder",
    "age",
    "aged",
    "im",
    "am",
    "ae",
    "alderen",
    "is",
)
ROUGHLY = ("over", "under", "above", "below", "runder", "mindst", "than", "least")
JUST = ("lige", "kun", "only", "just", "nu", "allerede", "snart", "now", "already")

GROWN = 16  # the least a bare number must be to be an age
CORRECTED_WITHIN = 5  # words


class Ages(Context):
    """The reader of ages."""

    def _age(self) -> None:
        found: list[Mention] = []
        upto = 0
        for at in range(len(self.words.words)):
            if at < upto:
                continue
            number = number_at(self.words, at)
            upto = number.end if number else at + 1
            value = self._age_at(at)
            if value is not None and CITIZEN["age"].low <= value <= CITIZEN["age"].high:
                mention = Mention("age", str(value), at, at + 1)
                if not self.scope.of_somebody_else(mention) and not self.scope.supposed(mention):
                    found.append(mention)
        found += self._put_right(found)
        kept = self.scope.standing(found)
        named = [one for one in kept if self._text(one.start + 1) in ("old", "gammel")]
        named = named or [one for one in kept if self._introduced(one.start)]
        distinct = list(dict.fromkeys(int(one.value) for one in named or kept))
        if distinct:
            next_to_it = len(distinct) == 2 and abs(distinct[0] - distinct[1]) == 1
            first = self.question == "open" or next_to_it
            self.facts["age"] = distinct[0] if first else distinct[-1]

    def _introduced(self, at: int) -> bool:
        """ "jeg er 26", "nu er jeg 26": more surely one's age than another number beside it."""
        before = self._text(at - 1)
        return before in ("am", "im", "er") or (before == "jeg" and self._text(at - 2) == "er")

    def _put_right(self, found: list[Mention]) -> list[Mention]:
        """ "46, nej undskyld, 47": a bare number that takes back the age before it."""
        for at in range(found[-1].end if found else len(self.words.words), len(self.words.words)):
            number = number_at(self.words, at)
            if (
                number
                and self._closes(number.end)
                and CITIZEN["age"].low <= number.value <= CITIZEN["age"].high
            ):
                later = Mention("age", str(int(number.value)), at, number.end)
                if self.scope.corrected(found[-1], later) and at - found[-1].end <= CORRECTED_WITHIN:
                    return [later]
        return []

    def _age_at(self, at: int) -> int | None:
        """The age that is said at that word, if it is one."""
        text = self._text(at)
        if text in grammar()["decades"] or re.fullmatch(r"[2-6]0(erne|s)", text):
            return self._in_decade(at)
        born = self._born(at)
        if born is not None:
            return born
        glued = re.fullmatch(r"(\d{2})(aarig|aarige|yo|yrs|aar)", text)
        if glued:
            return int(glued.group(1))
        number = number_at(self.words, at)
        if number is None or number.value != int(number.value):
            return None
        if self._is_no_age(at, number):
            return None
        value, before = int(number.value), self._text(at - 1)
        if before in ("fylder", "turning", "bliver", "turn"):
            return self._to_come(at, value)
        if self._is_not_yet(at, number):
            return value - 1
        return value if self._is_age(at, number) else None

    def _is_no_age(self, at: int, number: Number) -> bool:
        """ "20 års anciennitet", "ikke 34", "var 25 da jeg startede"."""
        before, after = self._text(at - 1), self._text(number.end)
        if after == "aars" and self._text(number.end + 1) not in ("alder", "foedselsdag", "alderen"):
            return True
        denied = before in ("ikke", "not") and after not in ("endnu", "yet")
        then = before in ("som", "as") and after in ("aarig", "aarige")  # "som 19-årig"
        return denied or then or (before in ("var", "was") and after in ("da", "when"))

    def _is_not_yet(self, at: int, number: Number) -> bool:
        """ "ikke 18 endnu", "snart 60", "67 next month", "ikke fyldt 50"."""
        before = self._text(at - 1)
        soon = before in word_set("soon") and self.question == "age"
        comes = self._is_to_come(number.end) and before not in ("turned", "fyldte", "blev", "blevet")
        unfilled = before == "fyldt" and self.scope.negated(Mention("age", "", at, number.end))
        return before in ("ikke", "not") or unfilled or soon or comes

    def _in_decade(self, at: int) -> int | None:
        near = {self._text(i) for i in range(max(0, at - 4), at)}
        parts = ((8, {"sidst", "slutningen", "late", "end"}), (2, {"foerst", "starten", "begyndelsen", "early"}),
                 (5, {"midt", "midten", "mid", "middle"}))  # fmt: skip
        text = self._text(at)
        begins = int(text[:2]) if text[0].isdigit() else grammar()["decades"][text]
        return next((begins + years for years, said in parts if near & said), None)

    def _is_to_come(self, end: int) -> bool:
        """ "67 next month", "60 i december": what one is not yet."""
        after, then = self._text(end), self._text(end + 1)
        return (after == "next" or (after, then) == ("i", "naeste")) or (
            after in ("in", "i", "til") and then in grammar()["months"]
        )

    def _to_come(self, at: int, value: int) -> int | None:
        """ "Turning 25 in December": one less today, where no other number says it."""
        alone = self._text(at - 1) == "turning" and self._alone(at)
        if self._text(at + 1) in ("om", "in", "til", "i", "naeste", "next"):
            return value - 1
        return value - 1 if alone or (self.question == "age" and not self._other_number(at)) else None

    def _is_age(self, at: int, number: Number) -> bool:
        """Whether what stands around the number makes it an age."""
        before, before2, after = self._text(at - 1), self._text(at - 2), self._text(number.end)
        if before in ROUGHLY or (before == "de" and before2 in ROUGHLY):
            return False
        if after in OLD and not self._is_span(at, number.end):
            return True
        if after in ("y", "yo") or (after == "o" and self._text(number.end + 1) == "o"):
            return True
        if self._closes(number.end) and (
            before in SAID or before in ("nu", "now") or (before2 in ("er", "im", "am") and before in JUST)
        ):
            return True
        if before == "jeg" and before2 == "er" and self._closes(number.end):
            return True
        if self.question == "age" and (after not in grammar()["units"] or not self._is_span(at, number.end)):
            return before not in ("at", "with") or before2 not in ("retiring", "retire", "pension")
        first = at == 0 or self.words.words[at - 1].sentence != self.words.words[at].sentence
        if first and after in ("og", "and"):
            return True
        if (
            at == 0
            and GROWN <= number.value <= CITIZEN["age"].high
            and not number.high
            and self._introduces(number.end)
        ):
            return True
        clause = self.words.clauses[self.words.words[at].clause]
        if clause[0] == at and clause[-1] == number.end - 1:
            return True
        return self.question == "open" and self._in_a_list(at, number.end, clause)

    def _in_a_list(self, at: int, end: int, clause: Sequence[int]) -> bool:
        """ "tømrer på 43", "26, kontanthjælp og ...", "37 og på revalidering": a bare number as people introduce themselves."""
        number = number_at(self.words, at)
        if (
            number is None
            or number.high
            or not GROWN <= number.value <= CITIZEN["age"].high
            or not self._closes(end)
        ):
            return False
        if clause[0] == at and self._text(end) in word_set("after_an_age"):
            return True
        before = self._text(at - 1)
        if before == "paa" and self._names_somebody(at - 1):
            return True
        ends = clause[-1] == end - 1
        if self._names_somebody(at):
            return ends or self._text(end) in word_set("after_an_age")
        return ends and before in word_set("before_an_age")

    def _introduces(self, end: int) -> bool:
        """A message that begins with a bare number begins with an age: "42 tømrer", "34 master i"; not "20 ansøgninger"."""
        after = self._text(end)
        return self.question == "open" and self._closes(end) and after not in word_set("not_counted")

    def _names_somebody(self, end: int) -> bool:
        """Whether the words up to there are somebody's work, or say man or woman."""
        return self._text(end - 1) in word_set("somebody") or any(
            one.end == end for one in work.mentioned(self.words, self.scope)
        )

    def _alone(self, at: int) -> bool:
        return all(number_at(self.words, i) is None for i in range(len(self.words.words)) if i != at)

    def _other_number(self, at: int) -> bool:
        end = number_at(self.words, at)
        last = end.end if end else at + 1
        return any(
            number_at(self.words, i) is not None for i in range(len(self.words.words)) if not at <= i < last
        )

    def _closes(self, end: int) -> bool:
        """Nothing after the number makes it anything but an age."""
        after = self._text(end)
        return (
            after not in grammar()["units"]
            and after not in grammar()["months"]
            and after not in word_set("no_age_before")
        )

    def _is_span(self, at: int, end: int) -> bool:
        """ "12 år" that is a stretch of time: in it, for it, of experience, ago."""
        before = self._text(at - 1)
        if before in word_set("lasting"):
            return True
        # "frisør på 28 år", "clerk of 57 years"
        introduced = before in ("paa", "of") and self._names_somebody(at - 1)
        if (
            before in word_set("spans_after")
            and self._text(at - 2) not in ("er", "am", "im")
            and not introduced
        ):
            return True
        clause = self.words.words[at].clause
        following = [
            i for i in range(end, min(end + 3, len(self.words.words))) if self.words.words[i].clause == clause
        ]
        more = [self._text(i) for i in following]
        joined = [more.index(word) for word in ("og", "and") if word in more]
        after = set(more[: min(joined, default=len(more))])  # "65 år og uden arbejde" is how old
        if more[1:2] in (["uden"], ["without"]) and more[2:3] not in (["job"], ["arbejde"], ["work"], ["a"]):
            return False  # "24 år uden uddannelse"
        goes_on = (
            end + 1 in following
            and self._text(end + 1) in word_set("years_of")
            and self._text(at - 1) not in SAID
        )
        if (
            goes_on
            and not introduced
            and self._text(end) in ("aar", "years")
            and self.question == "open"
            and at > 0
        ):
            return True
        return bool(after & word_set("spans_before")) or "gennem" in (self._text(at - 1), self._text(at - 2))

    def _born(self, at: int) -> int | None:
        text, before = self._text(at), {self._text(at - 1), self._text(at - 2), self._text(at - 3)}
        cue = before & {"foedt", "born", "aargang"}
        dated = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{2,4})", text)
        if dated and (cue or self.question == "age"):
            return self._years_since(int(dated.group(1)), int(dated.group(2)), int(dated.group(3)))
        glued = re.fullmatch(r"(\d\d)(\d\d)(\d\d)", text)
        if glued and cue:
            return self._years_since(*(int(part) for part in glued.groups()))
        whole = self.question == "age" and re.fullmatch(r"19\d\d|20[01]\d", text)
        if not cue and not whole and not self._born_before(at):
            return None
        year = re.fullmatch(r"(?:19|20)?(\d{2})", text)
        if not year or (len(text) == 4 and text[:2] not in ("19", "20")):
            return None
        value = self._in_full(int(text))
        month = grammar()["months"].get(self._text(at - 1))
        day = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", self._text(at - 2))
        on = re.fullmatch(r"(\d{1,2})[./](\d{1,2})", self._text(at - 1))
        if on:
            return self._years_since(int(on.group(1)), int(on.group(2)), value)
        first = grammar()["months"].get(self._text(at - 2))
        turned = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)?", self._text(at - 1))
        if first and turned:
            return self._years_since(int(turned.group(1)), first, value)
        if month:
            return self._years_since(int(day.group(1)) if day else 1, month, value)
        return self.today.year - value

    def _born_before(self, at: int) -> bool:
        return any(self._text(i) in ("foedt", "born") for i in range(max(0, at - 5), at))

    def _years_since(self, day: int, month: int, year: int) -> int | None:
        year = self._in_full(year)
        try:
            had = date(self.today.year, month, min(day, 28)) <= self.today
        except ValueError:
            return None
        return self.today.year - year - (not had)

    def _in_full(self, year: int) -> int:
        """74 is 1974; 05 is 2005."""
        return year if year > 99 else 1900 + year if year > self.today.year % 100 else 2000 + year
