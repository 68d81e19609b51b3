"""What a hostile reader of the rulebooks found, each so that it is not found again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from portal.triage import comparison, population, proof, treatment
from portal.triage.dialogue import order_of, outcome_of, standing
from portal.triage.drawing import sections
from portal.triage.explanation import Explainer
from portal.triage.guarantee import days_for_everybody
from portal.triage.people import condition_said
from portal.triage.rulebook import FOLDER, Fault
from portal.triage.shelf import Shelf, built_in_shelf, rulebook_on
from portal.triage.source import Source, built_in, try_reading
from portal.triage.table import Row, Table
from tests.layers import figure, head, replaced, row

SHELF = built_in_shelf()
DAY = date(2026, 11, 25)
TEXT = (FOLDER / "national" / "2026-11-25.toml").read_text(encoding="utf-8")


def faults(text: str, shelf: Shelf | None = None) -> list[Fault]:
    return [one for one in proof.check_text(text, "kladde.toml", shelf)[1] if not one.information]


def kinds(text: str, shelf: Shelf | None = None) -> set[str]:
    return {one.kind for one in faults(text, shelf)}


READY = 'when.readiness.equal = "now"\nwhen.health.equal = "none"'


# ------------------------------------------------------------------ on every day that matters


def test_a_layer_is_proved_on_the_days_on_which_others_begin_and_end() -> None:
    trial = head("forsoeg", more="valid_to = 2027-01-31\n") + row("route.851.trial", READY)
    resting = head() + row(
        "route.851.more",
        'when.age.at_least = 60\nwhen.health.equal = "some"',
        where='after = "route.851.trial"',
    )
    shelf = SHELF.with_layers([Source.of(trial, "forsoeg.toml")])
    assert faults(trial) == []
    found = faults(resting, shelf)
    assert [(one.kind, one.day) for one in found] == [("missing_row", date(2027, 2, 1))]


def test_a_layer_is_proved_under_every_later_national_edition() -> None:
    seven = TEXT.replace('version = "2026-11-25"', 'version = "2027-07-01"', 1).replace(
        "valid_from = 2025-07-01", "valid_from = 2027-07-01", 1
    )
    assert seven.count("value = 10\n") >= 1
    seven = seven.replace("value = 10\n", "value = 7\n", 1)
    shelf = replace(SHELF, national=(*SHELF.national, Source.of(seven, "2027-07-01.toml")))
    assert shelf.in_force("", date(2027, 8, 1)).number("guarantee.days") == 7
    found = faults(head() + figure("guarantee.days", "9"), shelf)
    assert ("rail.guarantee", date(2027, 7, 1)) in [(one.kind, one.day) for one in found]


def test_layers_that_do_not_read_together_leave_people_with_the_law() -> None:
    lost = head() + row("route.851.more", READY, where='after = "route.gone"')
    shelf = SHELF.with_layers([Source.of(lost, "lost.toml")])
    day = date(2027, 1, 2)
    assert shelf.in_force("851", day).hash == shelf.in_force("", day).hash
    assert "missing_row" in shelf.broken("851", day)
    assert shelf.broken("851", DAY) == ""


def test_a_draft_that_would_never_hold_is_refused() -> None:
    nine, ten = (head(version=one) + figure("guarantee.days", one) for one in ("9", "10"))
    shelf = SHELF.with_layers([Source.of(ten, "ten.toml")])
    assert kinds(nine, shelf) == {"superseded"}
    both = shelf.with_layers([Source.of(nine, "nine.toml")])
    assert both.in_force("851", date(2027, 1, 2)).number("guarantee.days") == 10


@pytest.mark.timeout(60)  # every subset of forty would take longer than anybody lives
def test_what_is_pinned_is_found_at_once_among_many_versions() -> None:
    layers = [
        Source.of(head(version=f"{n}") + figure("guarantee.days", "9"), f"{n}.toml") for n in range(1, 41)
    ]
    shelf = SHELF.with_layers(layers)
    day = date(2027, 1, 2)
    stamp = shelf.in_force("851", day).stamp
    assert shelf.pinned(stamp, "851", day).stamp == stamp


# ------------------------------------------------------------------ files that are wrong


def test_dates_in_quotes_change_the_hash_and_are_refused() -> None:
    bent = TEXT.replace("valid_to = 2026-06-30", 'valid_to = "2026-06-30"')
    assert bent != TEXT
    assert Source.of(bent, "2026-11-25.toml").hash != Source.of(TEXT, "2026-11-25.toml").hash
    assert "syntax" in kinds(bent)
    assert "syntax" in kinds(head() + row("route.851.a", READY + '\nvalid_to = "2027-06-30"'))
    assert Source.of("a = 8.0", "x").hash != Source.of('a = "8.0"', "x").hash


def test_stamps_from_before_the_hash_told_kinds_apart_are_still_found() -> None:
    edition = built_in()[-1]
    old = {"id": "national", "version": edition.version, "hash": edition.old_hash}
    assert edition.old_hash != edition.hash
    assert SHELF.pinned(old, "", DAY).hash == edition.hash


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (figure("ratio.first_per", "0"), "unknown_value"),
        (figure("start.lead_days", '"fem"'), "unknown_value"),
        (figure("answer.working_days", '"to"'), "unknown_value"),
        (figure("answer.working_days", "-30"), "unknown_value"),
        (figure("start.lead_days", "-20"), "unknown_value"),
        (figure("youth.age", "30.5"), "unknown_value"),
        (figure("youth.age", '"30"'), "unknown_value"),
        (figure("youth.age", "29", "valid_til = 2027-06-30\n"), "syntax"),
        (figure("youth.age", "29", "valid_from = 2027-06-01\nvalid_to = 2027-05-01\n"), "syntax"),
        (replaced("team.reception", 'when.route.equal = "talk_to_a_person"', 'then.team = "modtagelsen"', table="team"),
         "unknown_value"),
        (replaced("desk.company", "", 'then.team = "virksomhedteam"', table="desk"), "unknown_value"),
        (row("talks.851", 'when.benefit.equal = "dagpenge"', "then.talks = 0", table="talks",
             where='before = "talks.dagpenge.kommune.2024"'), "rail.effect"),
        ('[[switch_off]]\ntable = "talks"\nid = "talks.dagpenge.kommune.2024"\n', "rail.effect"),
        (row("route.851.a", 'when.age.less_than = "30"'), "unknown_value"),
        (row("route.851.a", READY, where='before = "route.self_directed"\nafter = "route.person"'), "syntax"),
        (row("route.851.a", READY, where='behind = "route.person"'), "syntax"),
        (row("route.851.a", READY + '\nexemption = "false"'), "syntax"),
        (row("route.851.a", READY + "\nvalid_from = 2027-02-01\nvalid_to = 2027-01-01"), "syntax"),
        (row("route.851.a", READY).replace("Derfor.", "Derfor: {limit}."), "unknown_figure"),
        (row("akasse.851", 'when.benefit.equal = "dagpenge"\nwhen.weeks_unemployed.less_than = 5', 'then.notice = "akasse"',
             table="akasse", where='after = "akasse.first_weeks"'), "unreachable"),
        (row("offer.851", 'when.benefit.equal = "dagpenge"', 'then.offer = "lottery"', table="offer",
             where='before = "offer.yearly"'), "unknown_value"),
        (row("guarantee.851", "when.age.at_least = 16", "then.guarantee_days = 5", table="guarantee",
             where='before = "guarantee.everyone"'), "unknown_fact"),
        ("when = 3\n", "rail.effect"),
    ],
)  # fmt: skip
def test_what_was_accepted_in_silence_is_refused(text: str, kind: str) -> None:
    found = faults(head() + text)
    assert kind in {one.kind for one in found}, found


@pytest.mark.parametrize(
    ("more", "since"),
    [("valid_to = 2026-12-01\n", "2027-01-01"), ("", "2027-01-01T00:00:00"), ("", '"2027-01-01"')],
)
def test_a_period_that_is_none_is_refused(more: str, since: str) -> None:
    assert kinds(head(more=more, since=since) + figure("youth.age", "29")) >= {"syntax"}


def test_what_is_over_before_the_first_edition_is_refused_and_no_crash() -> None:
    assert kinds(head(since="2020-01-01", more="valid_to = 2021-01-01\n") + figure("youth.age", "29")) == {
        "syntax"
    }
    assert faults(head(since="2020-01-01") + figure("youth.age", "29")) == []


@pytest.mark.parametrize("text", ["a = " + "9" * 5_000, "a = " + "[" * 9_000, "when = 3 = 4"])
def test_what_is_no_toml_is_said_to_be_none(text: str) -> None:
    source, found = try_reading(text, "kladde.toml")
    assert source is None
    assert found[0].message.startswith("this is not TOML")


def test_a_fault_of_a_figure_names_it_in_its_own_file() -> None:
    found = faults(head() + figure("sick.short_weeks", "300"))
    assert {one.file for one in found} == {"kladde.toml"}
    assert ("figure", "sick.short_weeks") in {(one.table, one.row) for one in found}
    assert all("sick.short_weeks" in one.message for one in found)


# ------------------------------------------------------------------ the rails


def test_going_without_an_interval_is_for_whom_the_law_says_whatever_the_row_is_called() -> None:
    when = 'when.benefit.equal = "kontanthjaelp"'
    found = faults(
        head()
        + replaced(
            "route.sick.returning", when, 'then.route = "self_directed_job_search"\nthen.track = "by_need"'
        )
    )
    assert "rail.contact" in {one.kind for one in found}
    wrong = next(one for one in found if one.kind == "rail.contact")
    assert wrong.person["benefit"] == "kontanthjaelp"
    fewer = (
        'when.benefit.equal = "sygedagpenge"\nwhen.employed.equal = true\nwhen.sickness_cause_clear.equal = true\n'
        "when.expected_weeks_sick.less_than = 20"
    )
    assert (
        faults(
            head()
            + replaced("route.sick.returning", fewer, 'then.route = "return_to_work"\nthen.track = "by_need"')
        )
        == []
    )


def test_a_fact_that_decides_can_be_asked_for() -> None:
    when = 'when.benefit.one_of = ["sygedagpenge", "jobafklaring"]\nwhen.expected_weeks_sick.less_than = 20'
    text = head() + replaced(
        "route.sick.returning", when, 'then.route = "return_to_work"\nthen.track = "by_need"'
    )
    assert "never_asked" in kinds(text)


def test_a_small_draft_cannot_make_everybody_wait() -> None:
    limits = "".join(
        row(f"route.851.r{n}", f"when.age.between = [{16 + 2 * n}, {17 + 2 * n}]\nwhen.weeks_unemployed.at_least = {10 + 5 * n}\n"
            f'when.benefit.equal = "{("dagpenge", "kontanthjaelp", "revalidering", "ledighedsydelse")[n % 4]}"\n'
            f'when.education.equal = "{("basic", "vocational", "upper_secondary", "long_higher")[n % 4]}"',
            'then.route = "holistic_course"', where='before = "route.education.youth"')
        for n in range(8)
    )  # fmt: skip
    assert "too_many" in kinds(head() + limits)
    some = head() + "[[insert]]".join(limits.split("[[insert]]")[:3])
    assert faults(some) == []
    book = SHELF.with_layers([Source.of(some, "some.toml")]).in_force("851", date(2027, 1, 2))
    assert not order_of(book).exact
    assert standing(book, {}).ask  # in its own order, and at once


# ------------------------------------------------------------------ equal treatment


@pytest.mark.parametrize(
    "name_and_value",
    [("youth.age", "27"), ("sick.short_weeks", "20"), ("dagpenge.akasse_weeks", "10"), ("ratio.first_per", "2"),
     ("start.lead_days", "1"), ("answer.working_days", "1")],
)  # fmt: skip
def test_every_figure_of_a_municipality_is_told_as_the_cause(name_and_value: tuple[str, str]) -> None:
    name, value = name_and_value
    shelf = SHELF.with_layers([Source.of(head() + figure(name, value), "x.toml")])
    found = treatment.differences(
        shelf.in_force("851", date(2027, 1, 2)), shelf.in_force("", date(2027, 1, 2))
    )
    assert found
    assert {one.cause for one in found} == {f"figure {name}"}
    assert all(one.law == "Byrådet" for one in found)


def test_a_row_that_decides_the_same_is_not_the_cause() -> None:
    text = head() + figure("contact.days_close", "14") + row(
        "route.851.same", 'when.health.equal = "severe"\nwhen.age.at_least = 60', 'then.route = "holistic_course"',
        where='before = "route.holistic.health"',
    )  # fmt: skip
    assert faults(text) == []
    shelf = SHELF.with_layers([Source.of(text, "x.toml")])
    found = treatment.differences(
        shelf.in_force("851", date(2027, 1, 2)), shelf.in_force("", date(2027, 1, 2))
    )
    assert {one.cause for one in found} == {"figure contact.days_close"}


# ------------------------------------------------------------------ explanations


def _nearest(table: Table, decision: Any, known: dict[str, Any], facts: tuple[str, ...]) -> dict[Any, float]:
    """By trying every value: how far off the nearest value of one of these facts is that leads to each other decision."""
    mine = decision(table.first(known))
    found: dict[Any, float] = {}
    for fact in facts:
        at = table.facts.index(fact)
        domain = table.cells[at].fact
        for value in range(domain.low, domain.high + 1):
            there = decision(table.first({**known, fact: value}))
            if there != mine:
                found[there] = min(
                    found.get(there, 9e9), abs(value - known[fact]) / (domain.high - domain.low)
                )
    return found


def test_the_smallest_change_is_each_persons_own_whoever_came_before() -> None:
    book = rulebook_on(DAY)
    table = book.tables["route"]
    numbers = tuple(name for name in table.facts if table.cells[table.facts.index(name)].fact.kind == "whole")

    def decision(one: Row | None) -> Any:
        return outcome_of(book, one).route if one is not None else None

    explainer = Explainer(table, decision, never=("wants_person",))
    people = population.made_up(book, 400, 11)
    claims = 0
    for number in range(400):
        known = {
            name: value for name, value in population.person(people, number).items() if name in table.facts
        }
        known["wants_person"] = False
        nearest = _nearest(table, decision, known, numbers)
        for one in explainer.explain(known).elsewhere:
            if len(one.change) == 1 and one.change[0][0] in numbers:
                fact, value = one.change[0]
                domain = table.cells[table.facts.index(fact)].fact
                far = abs(value - known[fact]) / (domain.high - domain.low)
                assert far == pytest.approx(nearest[decision(one.row)]), (known, one)
                assert decision(table.first({**known, fact: value})) == decision(one.row)
                claims += 1
    assert claims > 200


def test_two_people_of_one_cell_are_each_told_their_own_nearest_age() -> None:
    middle = Row("a", {"age": {"between": [30, 40]}}, {"route": "holistic_course"})
    table = Table(
        [middle, Row("b", {}, {"route": "self_directed_job_search"})],
        {
            "age": rulebook_on(DAY)
            .tables["route"]
            .cells[rulebook_on(DAY).tables["route"].facts.index("age")]
            .fact
        },
    )
    explainer = Explainer(table, lambda one: one.then["route"])
    assert explainer.explain({"age": 31}).elsewhere[0].change == (("age", 29),)
    assert explainer.explain({"age": 39}).elsewhere[0].change == (("age", 41),)


def test_conditions_are_said_as_they_are() -> None:
    words = rulebook_on(DAY).words
    inside = {"not": {"at_least": 20, "less_than": 25}}
    assert condition_said("age", inside, words, "da") == "alder: under 20 år eller mindst 25 år"
    assert condition_said("employed", {"not": {"equal": True}}, words, "da").endswith(": nej")


@pytest.mark.parametrize("lang", ["da", "en"])
def test_no_code_of_the_office_stands_where_a_row_leads(lang: str) -> None:
    codes = {
        "education_half_year",
        "first_overdue",
        "yearly",
        "akasse",
        "none",
        "fail",
        "pass",
        "warn",
        "caseworker",
    }
    for section in sections(rulebook_on(DAY, "990"), lang):
        for line in section.lines:
            assert not codes & set(line.leads_to.split(", ")), (section.id, line.leads_to)
            assert "True" not in line.leads_to


def test_the_front_page_promises_what_the_row_says() -> None:
    text = head() + replaced("guarantee.everyone", "", "then.guarantee_days = 5", table="guarantee")
    assert faults(text) == []
    book = SHELF.with_layers([Source.of(text, "x.toml")]).in_force("851", date(2027, 1, 2))
    assert days_for_everybody(book) == 5


def test_generated_code_decides_for_pages_too() -> None:
    book = rulebook_on(DAY)
    for one in book.tables["route"].rows:
        about = {"route": str(one.then["route"]), "track": one.then.get("track") or "none"}
        assert book.decides("team", about) is book.tables["team"].first(about)
    with pytest.raises(KeyError):
        book.decides("team", {})


def test_two_values_of_one_figure_may_stand_in_any_order() -> None:
    later, first = figure("guarantee.days", "8", "valid_from = 2027-06-01\n"), figure("guarantee.days", "9")
    for text in (later + first, first + later):
        shelf = SHELF.with_layers([Source.of(head() + text, "x.toml")])
        values = [shelf.in_force("851", date(2027, month, 2)).number("guarantee.days") for month in (1, 7)]
        assert values == [9, 8]


def test_an_empty_layer_moves_nobody() -> None:
    book = rulebook_on(DAY, "990")
    same = comparison.of_population(book, book, population.made_up(book, 2_000, 1))
    assert same.moved == 0
