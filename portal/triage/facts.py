"""The vocabulary: every fact a rule may read, with its type and domain (DOMAIN sections 3 and 6). Nothing else exists.

Sex, ethnic origin, religion, name, CPR digits and addresses are not here, so no rule can name them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from portal.domain.errors import InvalidError

Value = str | int | bool | Decimal
FINEST = 30
Kind = Literal["flag", "choice", "whole", "decimal"]


@dataclass(frozen=True)
class Fact:
    """A fact's name and domain: `values` for a choice, `low`..`high` (both ends) for a number."""

    name: str
    kind: Kind
    values: tuple[str, ...] = ()
    low: int = 0
    high: int = 0

    def parse(self, raw: Any) -> Value:
        """`raw` as a value of this fact; InvalidError("fact.value") when it is not one."""
        try:
            value = self._read(raw)
        except (ValueError, TypeError, InvalidOperation):
            value = None
        if value is None:
            raise InvalidError("fact.value", fact=self.name, value=str(raw)[:80], domain=self.domain())
        return value

    def _read(self, raw: Any) -> Value | None:
        if self.kind == "flag":
            return raw if isinstance(raw, bool) else None
        if self.kind == "choice":
            return raw if isinstance(raw, str) and raw in self.values else None
        if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
            return None
        number = Decimal(str(raw))
        if number.is_finite() and number != 0 and abs(number.adjusted()) > FINEST:
            return None  # 1e-999999 is no figure anybody has
        if not number.is_finite() or not self.low <= number <= self.high:
            return None
        if self.kind == "decimal":
            return number
        return int(number) if number == int(number) else None

    def domain(self) -> str:
        if self.kind == "flag":
            return "true, false"
        return ", ".join(self.values) if self.kind == "choice" else f"{self.low}–{self.high}"


def values_of(fact: Fact) -> Sequence[Value]:
    """Every value of a fact that has finitely many, in order."""
    if fact.kind == "flag":
        return (False, True)
    return fact.values if fact.kind == "choice" else range(fact.low, fact.high + 1)


def _index(*facts: Fact) -> Mapping[str, Fact]:
    return {fact.name: fact for fact in facts}


BENEFITS = ("dagpenge", "kontanthjaelp", "sygedagpenge", "jobafklaring", "ressourceforloeb", "ledighedsydelse",
            "revalidering", "foertidspension", "none")  # fmt: skip
EDUCATIONS = ("basic", "upper_secondary", "vocational", "short_higher", "medium_higher", "long_higher")
OUTLOOKS = ("shortage", "paradox", "good", "limited", "unknown")
ROUTES = ("talk_to_a_person", "return_to_work", "holistic_course", "education_competence_assessment",
          "self_directed_job_search")  # fmt: skip
TRACKS = ("by_need", "sick", "close_follow_up", "youth_education", "job_change")
SCHEMES = ("placement", "wage_subsidy", "recruitment")
REPRESENTATIVE = ("agrees", "disagrees", "pending", "none_elected")
RESULTS = ("pass", "warn", "fail", "caseworker", "not_judged")
CONFIDENCES = ("policy", "verified", "unverified")

CITIZEN = _index(
    Fact("wants_person", "flag"),
    Fact("age", "whole", low=15, high=70),
    Fact("benefit", "choice", BENEFITS),
    Fact("weeks_unemployed", "whole", low=0, high=1040),
    Fact("education", "choice", EDUCATIONS),
    Fact("industry_outlook", "choice", OUTLOOKS),
    Fact("readiness", "choice", ("now", "with_support", "not_now")),
    Fact("health", "choice", ("none", "some", "severe")),
    Fact("social_barriers", "whole", low=0, high=6),
    Fact("employed", "flag"),
    Fact("sickness_cause_clear", "flag"),
    Fact("expected_weeks_sick", "whole", low=0, high=104),
)
OUTCOME = _index(Fact("route", "choice", ROUTES), Fact("track", "choice", (*TRACKS, "none")))
GUARANTEE = {
    "benefit": CITIZEN["benefit"],
    **_index(Fact("first_conversation", "flag")),
}  # what is known of who asks

REQUEST = _index(
    Fact("scheme", "choice", SCHEMES),
    Fact("sector", "choice", ("private", "public")),
    Fact("positions", "whole", low=1, high=200),
    Fact("weekly_hours", "decimal", low=-10_000, high=10_000),
    Fact("weeks", "whole", low=0, high=100_000),
    Fact("ordinary_fte", "decimal", low=0, high=1_000_000),
    Fact("supported_fte", "decimal", low=0, high=1_000_000),
    Fact("latest_month_fte", "decimal", low=0, high=1_000_000),
    Fact("twelve_month_mean_fte", "decimal", low=0, high=1_000_000),
    Fact("vacated_months_ago", "whole", low=0, high=100_000),
    Fact("representative", "choice", REPRESENTATIVE),
)
CANDIDATE = _index(
    Fact("target_group", "whole", low=1, high=13),
    Fact("age", "whole", low=0, high=120),
    Fact("weeks_unemployed", "whole", low=0, high=5200),
    Fact("education", "choice", EDUCATIONS),
    Fact("single_parent", "flag"),
    Fact("recent_graduate", "flag"),
    Fact("worked_here_last", "flag"),
    Fact("owner_is_partner", "flag"),
)
# Named predicates, where data cannot say it: what `domain.placement` works out of the request before the tables are read.
# vacated: a number of months was given. candidate_elsewhere: the candidate lives in another municipality than the one that
# handles the request. ratio_room: the sign of limit minus asked in the ratio at the P-number. ratio_largest: the largest
# number of positions with room. fte_growth: latest month minus the mean of twelve. start_margin_days: calendar days from the
# earliest possible start, counted in working days from today, to the wanted one.
DERIVED = _index(
    Fact("vacated", "flag"),
    Fact("candidate_elsewhere", "flag"),
    Fact("ratio_room", "decimal", low=-1_000_000, high=1_000_000),
    Fact("ratio_largest", "whole", low=0, high=1_000_000),
    Fact("fte_growth", "decimal", low=-1_000_000, high=1_000_000),
    Fact("start_margin_days", "whole", low=-100_000, high=100_000),
)
EMPLOYER = {**REQUEST, **CANDIDATE, **DERIVED}
EVERY = {**CITIZEN, **GUARANTEE, **OUTCOME, **EMPLOYER}


def parse_facts(vocabulary: Mapping[str, Fact], raw: Mapping[str, Any]) -> dict[str, Value]:
    """The known facts of `raw`: null means not known. InvalidError for an unknown name or value."""
    known = {}
    for name, value in raw.items():
        if name not in vocabulary:
            raise InvalidError("fact.unknown", fact=name)
        if value is not None:
            known[name] = vocabulary[name].parse(value)
    return known
