"""What is wrong with a rulebook, found the slow way: everybody is tried. Shares no code with the proof it checks."""

from __future__ import annotations

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from portal.triage.rulebook import FOLDER

Raw = Mapping[str, Any]
Finding = tuple[str, str, str]  # kind, table, row

FLAGS = {"wants_person", "employed", "sickness_cause_clear", "first_conversation", "single_parent", "recent_graduate",
         "worked_here_last", "owner_is_partner", "vacated", "candidate_elsewhere"}  # fmt: skip
CHOICES = {
    "benefit": "dagpenge kontanthjaelp sygedagpenge jobafklaring ressourceforloeb ledighedsydelse revalidering "
    "foertidspension none",
    "education": "basic upper_secondary vocational short_higher medium_higher long_higher",
    "industry_outlook": "shortage paradox good limited unknown",
    "readiness": "now with_support not_now",
    "health": "none some severe",
    "route": "talk_to_a_person return_to_work holistic_course education_competence_assessment "
    "self_directed_job_search",
    "track": "by_need sick close_follow_up youth_education job_change none",
    "scheme": "placement wage_subsidy recruitment",
    "sector": "private public",
    "representative": "agrees disagrees pending none_elected",
}
RANGES = {
    "age": (15, 70), "weeks_unemployed": (0, 1040), "social_barriers": (0, 6), "expected_weeks_sick": (0, 104),
    "positions": (1, 200), "weekly_hours": (-10_000, 10_000), "weeks": (0, 100_000), "vacated_months_ago": (0, 100_000),
    "target_group": (1, 13), "ratio_room": (-1_000_000, 1_000_000), "ratio_largest": (0, 1_000_000),
    "fte_growth": (-1_000_000, 1_000_000), "start_margin_days": (-100_000, 100_000),
}  # fmt: skip
OF_EMPLOYERS = {"age": (0, 120), "weeks_unemployed": (0, 5200)}
FINE = {"weekly_hours", "ratio_room", "fte_growth"}
CITIZEN = {"wants_person", "age", "benefit", "weeks_unemployed", "education", "industry_outlook", "readiness", "health",
           "social_barriers", "employed", "sickness_cause_clear", "expected_weeks_sick"}  # fmt: skip
EMPLOYER = {"scheme", "sector", "positions", "weekly_hours", "weeks", "vacated_months_ago", "representative", "target_group",
            "age", "weeks_unemployed", "education", "single_parent", "recent_graduate", "worked_here_last",
            "owner_is_partner", "vacated", "candidate_elsewhere", "ratio_room", "ratio_largest", "fte_growth",
            "start_margin_days", "ordinary_fte", "supported_fte", "latest_month_fte", "twelve_month_mean_fte"}  # fmt: skip
READS = {"route": CITIZEN, "team": {"route", "track"}, "contact": {"route", "track"},
         "offer": CITIZEN | {"route", "track"}, "guarantee": {"benefit", "first_conversation"}, "akasse": CITIZEN,
         "talks": CITIZEN, "desk": EMPLOYER}  # fmt: skip
DECIDES = {"route": {"route", "track"}, "team": {"team"}, "contact": {"contact_interval_days"}, "offer": {"offer"},
           "guarantee": {"guarantee_days"}, "akasse": {"notice"}, "talks": {"talks", "weeks", "by"},
           "desk": {"team", "forward"}}  # fmt: skip
MUST = ("route", "team", "contact", "guarantee", "desk")
SURE = {"policy", "verified", "unverified"}
KINDS = tomllib.loads((FOLDER / "kinds.toml").read_text(encoding="utf-8"))


def holds(condition: Raw, value: Any) -> bool:
    found = []
    for name, limit in condition.items():
        if name == "not":
            found.append(not holds(limit, value))
        elif name in ("equal", "one_of"):
            found.append(value in (limit if name == "one_of" else [limit]))
        elif name == "between":
            found.append(limit[0] <= value <= limit[1])
        else:
            found.append(
                {"at_least": value >= limit, "at_most": value <= limit, "less_than": value < limit}[name]
            )
    return all(found)


def domain(fact: str, employer: bool) -> tuple[Any, ...] | None:
    """Every value of a fact, where there are few; None for a number with many."""
    if fact in FLAGS:
        return (False, True)
    if fact in CHOICES:
        return tuple(CHOICES[fact].split())
    low, high = OF_EMPLOYERS.get(fact, RANGES[fact]) if employer else RANGES[fact]
    return tuple(range(low, high + 1)) if high - low <= 2_000 and fact not in FINE else None


def values(fact: str, conditions: Sequence[Raw], employer: bool) -> tuple[Any, ...]:
    """Every value, or for a number with many: the limits and what lies beside them."""
    every = domain(fact, employer)
    if every is not None:
        return every
    limits = [limit for condition in conditions for limit in _limits(condition)]
    low, high = RANGES[fact]
    step = Decimal("0.0001") if fact in FINE else 1
    near = {limit + d * step for limit in limits for d in (-1, 0, 1)} | {low, high}
    return tuple(one for one in sorted(near) if low <= one <= high)


def _limits(condition: Raw) -> Iterator[Any]:
    for name, limit in condition.items():
        if name == "not":
            yield from _limits(limit)
        else:
            yield from limit if isinstance(limit, list) else [limit]


class Table:
    """The rows of one table on one day, tried on everybody."""

    def __init__(self, rows: Sequence[Raw], *, employer: bool) -> None:
        self.rows = rows
        self.facts = sorted({fact for row in rows for fact in row.get("when", {})})
        self.groups: list[
            list[tuple[Any, int]]
        ] = []  # for each fact: a value, and which rows it is right for
        for fact in self.facts:
            conditions = [row["when"][fact] for row in rows if fact in row.get("when", {})]
            told: dict[int, Any] = {}
            for value in values(fact, conditions, employer):
                right = sum(
                    1 << i
                    for i, row in enumerate(rows)
                    if fact not in row.get("when", {}) or holds(row["when"][fact], value)
                )
                told.setdefault(right, value)
            self.groups.append([(value, right) for right, value in told.items()])
        self.first: set[int] = set()
        self.gap: dict[str, Any] | None = None
        self.meets: set[int] = set()
        self.pairs: set[tuple[int, int]] = set()
        for combination in itertools.product(*self.groups):
            right = (1 << len(rows)) - 1
            for _, mask in combination:
                right &= mask
            if not right:
                self.gap = self.gap or dict(zip(self.facts, (value for value, _ in combination), strict=True))
                continue
            who = [i for i in range(len(rows)) if right >> i & 1]
            self.first.add(who[0])
            self.meets |= set(who)
            self.pairs |= set(itertools.combinations(who, 2))


@lru_cache(maxsize=4096)
def _tried(rows: str, employer: bool) -> Table:
    return Table(json.loads(rows, parse_float=Decimal), employer=employer)


def tried(rows: Sequence[Raw], employer: bool) -> Table:
    plain = [
        {key: row[key] for key in ("id", "when", "then", "rank", "exemption") if key in row} for row in rows
    ]
    return _tried(json.dumps(plain, default=float), employer)


# ------------------------------------------------------------------ a whole rulebook


def days(content: Raw) -> list[date]:
    found = {content["valid_from"]}

    def walk(one: Any) -> None:
        if isinstance(one, dict):
            if isinstance(one.get("valid_from"), date):
                found.add(one["valid_from"])
            if isinstance(one.get("valid_to"), date):
                found.add(one["valid_to"] + timedelta(days=1))
            for key, value in one.items():
                if key != "__at__":
                    walk(value)
        elif isinstance(one, list):
            for value in one:
                walk(value)

    walk(content)
    return sorted(day for day in found if day >= content["valid_from"])


def on_day(raw: Raw, day: date) -> bool:
    return raw.get("valid_from", date.min) <= day <= raw.get("valid_to", date.max)


def figures(content: Raw, day: date) -> dict[str, Any]:
    """Name to value on that day; None for a figure said to be not known."""
    found: dict[str, tuple[date, Any]] = {}
    for raw in content["figure"]:
        since = raw.get("valid_from", date.min)
        if since <= day and (raw["name"] not in found or since >= found[raw["name"]][0]):
            found[raw["name"]] = since, None if raw.get("not_known") else raw.get("value")
    return {name: value for name, (_, value) in found.items()}


def _filled(one: Any, numbers: Mapping[str, Any], wrong: set[str]) -> Any:
    if isinstance(one, dict):
        return {key: _filled(value, numbers, wrong) for key, value in one.items()}
    if isinstance(one, list):
        return [_filled(value, numbers, wrong) for value in one]
    if isinstance(one, str) and one.startswith("@"):
        if numbers.get(one[1:]) is None:
            wrong.add(one[1:])
            return None
        return numbers[one[1:]]
    return one


def _may_be(value: Any, kind: Raw) -> bool:
    if kind["kind"] == "one_of":
        return value in kind["values"]
    if kind["kind"] == "flag":
        return type(value) is bool
    whole = type(value) is int
    return (whole or (kind["kind"] == "number" and isinstance(value, Decimal))) and kind[
        "low"
    ] <= value <= kind["high"]


def in_domain(fact: str, value: Any, employer: bool) -> bool:
    if fact in FLAGS:
        return isinstance(value, bool)
    if fact in CHOICES:
        return value in CHOICES[fact].split()
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        return False
    low, high = (OF_EMPLOYERS.get(fact) or RANGES[fact]) if employer else RANGES[fact]
    return low <= value <= high and (fact in FINE or value == int(value))


def findings(content: Raw, promise: Raw) -> set[Finding]:
    """Everything that is wrong on any day, structure first: what does not read is not tried."""
    found: set[Finding] = set()
    for day in days(content):
        structure: set[Finding] = set()
        tables = _read(content, day, structure)
        found |= structure
        if not structure:
            found |= set(_judged(content, tables, day, promise))
    return found


def _read(content: Raw, day: date, wrong: set[Finding]) -> dict[str, list[Raw]]:
    numbers = figures(content, day)
    for raw in content["figure"]:
        if not _may_be(raw.get("value"), KINDS["figure"][raw["name"]]) and "value" in raw:
            wrong.add(("unknown_value", "figure", raw["name"]))
        if raw.get("confidence") not in SURE:
            wrong.add(("rail.confidence", "figure", raw["name"]))
        _texts(raw, "figure", raw["name"], ("label",), wrong)
    tables: dict[str, list[Raw]] = {}
    for name in READS:
        tables[name] = [
            _row(name, raw, numbers, READS[name], wrong) for raw in content.get(name, []) if on_day(raw, day)
        ]
        if not content.get(name):
            wrong.add(("missing", name, ""))
    for condition in content["condition"]:
        rows = []
        for raw in condition["row"]:
            if on_day(raw, day):
                whole = {"law": condition["law"], "confidence": condition["confidence"], **raw}
                rows.append(_row("condition", whole, numbers, EMPLOYER, wrong))
        tables[condition["id"]] = rows
    return tables


def _texts(raw: Raw, table: str, row: str, keys: Sequence[str], wrong: set[Finding]) -> None:
    for key in keys:
        if not all((raw.get(key) or {}).get(lang) for lang in ("da", "en")):
            wrong.add(("missing_text", table, row))


def _row(table: str, raw: Raw, numbers: Mapping[str, Any], reads: set[str], wrong: set[Finding]) -> Raw:
    name = raw["id"]
    lost: set[str] = set()
    filled = {
        **raw,
        "when": _filled(raw.get("when", {}), numbers, lost),
        "then": _filled(raw.get("then", {}), numbers, lost),
    }
    if lost:
        wrong.add(("unknown_figure", table, name))
    if raw.get("confidence") not in SURE:
        wrong.add(("rail.confidence", table, name))
    if not raw.get("law"):
        wrong.add(("missing_text", table, name))
    _texts(raw, table, name, ("why",), wrong)
    for fact, condition in filled["when"].items():
        if fact not in reads:
            wrong.add(("unknown_fact", table, name))
            continue
        for limit in _limits(condition):
            if limit is not None and not in_domain(fact, limit, reads is EMPLOYER):
                wrong.add(("unknown_value", table, name))
    return filled


def _judged(content: Raw, tables: Mapping[str, list[Raw]], day: date, promise: Raw) -> Iterator[Finding]:
    for name, rows in tables.items():
        employer = name == "desk" or name not in READS
        yield from _complete(name, rows, employer)
        if name in READS:
            for row in rows:
                if set(row["then"]) - DECIDES[name]:
                    yield "rail.effect", name, row["id"]
                if not set(row["then"]) & {
                    "route",
                    "team",
                    "contact_interval_days",
                    "offer",
                    "guarantee_days",
                    "notice",
                    "talks",
                }:
                    yield "missing", name, row["id"]
    yield from _placeholders(content, tables, day)
    yield from _rails(tables, promise, day)
    yield from _kinds(tables, promise)
    yield from _never_asked(tables["route"], promise)
    yield from _numbers_of_days(tables)
    yield from _longer(tables, promise, day)
    for name in ("route", "desk"):
        for raw in promise[name]:
            if raw["id"] not in {row["id"] for row in tables[name]}:
                yield "missing_row", name, raw["id"]
    gone = set(figures(promise, day)) - set(figures(content, day))
    for name in gone:
        yield "missing", "figure", name


def _placeholders(content: Raw, tables: Mapping[str, list[Raw]], day: date) -> Iterator[Finding]:
    known = {name for name, value in figures(content, day).items() if value is not None}
    known |= {"limit", "asked", "largest_positions", "earliest_start"}
    single = {
        "unclear": [{"id": "route.unclear", **content["unclear"]}],
        "complaint": [{**content["complaint"], "id": "complaint"}],
    }
    for name, rows in {**tables, **single}.items():
        for row in rows:
            said = json.dumps([row.get(key) for key in ("why", "remedy", "text")], ensure_ascii=False)
            if set(re.findall(r"{([a-z_.]+)}", said)) - known:
                yield "unknown_figure", name, row["id"]
    for figure in ("complaint.weeks", "complaint.reassess_weeks"):
        if not all("{" + figure + "}" in content["complaint"]["text"][lang] for lang in ("da", "en")):
            yield "rail.complaint", "complaint", "complaint"


def _complete(name: str, rows: list[Raw], employer: bool) -> Iterator[Finding]:
    table = tried(rows, employer)
    must = name in MUST or name not in READS
    if must and table.gap is not None:
        yield "gap", name, ""
    for i, row in enumerate(rows):
        if i not in (table.first if must else table.meets):
            yield "unreachable", name, row["id"]
    if not must:
        return
    if name not in READS:
        some = [row for row in rows if not row.get("exemption")]
        if tried(some, employer).gap is not None:
            yield "gap", name, ""
    for a, b in table.pairs:
        rank = rows[a].get("rank")
        if rank is not None and rank == rows[b].get("rank") and rows[a]["then"] != rows[b]["then"]:
            yield "equal_rank", name, rows[a]["id"]


def _kinds(tables: Mapping[str, list[Raw]], promise: Raw) -> Iterator[Finding]:
    teams = {row["then"]["team"] for name in ("team", "desk") for row in promise[name]}
    for name, rows in tables.items():
        for row in rows:
            for key, kind in KINDS["then"].get(name, {}).items():
                missing = key not in row["then"]
                if not (missing and kind["kind"] == "flag") and not _may_be(row["then"].get(key), kind):
                    yield "unknown_value", name, row["id"]
            if name in ("team", "desk") and row["then"].get("team") not in teams:
                yield "unknown_value", name, row["id"]


def _rails(tables: Mapping[str, list[Raw]], promise: Raw, day: date) -> Iterator[Finding]:
    routes = tables["route"]
    promised = [_row("route", raw, figures(promise, day), CITIZEN, set()) for raw in promise["route"]]
    first = routes[0] if routes else {"id": "", "when": {}, "then": {}}
    if first["id"] != "route.person" or first["when"] != {"wants_person": {"equal": True}}:
        yield "rail.person", "route", first["id"]
    elif first["then"].get("route") != "talk_to_a_person":
        yield "rail.person", "route", "route.person"
    for row in routes:
        if row["then"].get("route") not in CHOICES["route"].split():
            yield "unknown_value", "route", row["id"]
            continue
        if row["then"].get("track", "none") not in CHOICES["track"].split():
            yield "unknown_value", "route", row["id"]
            continue
        about = {"route": row["then"]["route"], "track": row["then"].get("track") or "none"}
        interval = next(
            (
                one["then"].get("contact_interval_days")
                for one in tables["contact"]
                if all(holds(condition, about[fact]) for fact, condition in one["when"].items())
            ),
            None,
        )
        if interval == "none" and (
            row["id"] != "route.sick.returning" or _somebody_else(routes, row, promised)
        ):
            yield "rail.contact", "route", row["id"]


def _never_asked(routes: list[Raw], promise: Raw) -> Iterator[Finding]:
    asked = {one["fact"]: one.get("asked_when", {}) for one in promise["question"]}
    read = {fact for row in routes for fact in row["when"]}
    for fact in read:
        if set(asked.get(fact, {})) - read:
            yield "never_asked", "route", next(row["id"] for row in routes if fact in row["when"])


def _somebody_else(routes: list[Raw], row: Raw, promised: list[Raw]) -> bool:
    """Whether the row decides for anybody whom the promised row of its name is not about."""
    own = next(one for one in promised if one["id"] == row["id"])
    joint = Table([*routes, own], employer=False)
    at = routes.index(row)
    for combination in itertools.product(*joint.groups):
        right = (1 << len(joint.rows)) - 1
        for _, mask in combination:
            right &= mask
        first = (right & -right).bit_length() - 1
        if first == at and not right >> len(routes) & 1:
            return True
    return False


def _numbers_of_days(tables: Mapping[str, list[Raw]]) -> Iterator[Finding]:
    for row in tables["contact"]:
        days_between = row["then"].get("contact_interval_days")
        if days_between != "none" and not (type(days_between) is int and 1 <= days_between <= 91):
            yield "rail.contact", "contact", row["id"]
    for row in tables["guarantee"]:
        promised = row["then"].get("guarantee_days")
        if not (type(promised) is int and promised >= 1):
            yield "unknown_value", "guarantee", row["id"]


def _longer(tables: Mapping[str, list[Raw]], promise: Raw, day: date) -> Iterator[Finding]:
    before = [
        _row("guarantee", raw, figures(promise, day), READS["guarantee"], set())
        for raw in promise["guarantee"]
    ]
    facts = {fact for rows in (tables["guarantee"], before) for row in rows for fact in row["when"]}
    for person in itertools.product(*(values(fact, [], False) for fact in sorted(facts))):
        who = dict(zip(sorted(facts), person, strict=True))
        mine, theirs = (
            next((row for row in rows if all(holds(c, who[f]) for f, c in row["when"].items())), None)
            for rows in (tables["guarantee"], before)
        )
        if mine is None or theirs is None:
            continue
        longer = mine["then"].get("guarantee_days"), theirs["then"].get("guarantee_days")
        if all(type(one) is int for one in longer) and longer[0] > longer[1]:
            yield "rail.guarantee", "guarantee", mine["id"]
            return
