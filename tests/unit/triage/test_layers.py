"""Layers: which rulebook holds where on which day, what a layer may change, and mistakes told with their line."""

from __future__ import annotations

from datetime import date

import pytest

from portal.domain.errors import NotFoundError
from portal.triage import proof
from portal.triage.dialogue import standing
from portal.triage.layers import lay
from portal.triage.proof import check_municipality, check_text
from portal.triage.reader import open_rulebook
from portal.triage.shelf import Shelf, built_in_shelf, rulebook_on
from portal.triage.source import Source, built_in, built_in_layers, municipalities

SHELF = built_in_shelf()
DAY = date(2026, 11, 25)
HEAD = """language = 2
id = "lokal"
municipality = "851"
version = "2027-01-01"
valid_from = 2027-01-01
law = "Byrådet 1/12/2026"
note.da = "Prøve."
note.en = "Trial."
"""
ROW = """[[insert]]
table = "route"
after = "route.person"
[insert.row]
id = "route.851.ready"
when.readiness.equal = "now"
when.health.equal = "none"
then.route = "self_directed_job_search"
law = "Byrådet 1/12/2026"
confidence = "policy"
why.da = "Du kan tage et job nu."
why.en = "You can take a job now."
"""


def _wrong(text: str) -> list[proof.Fault]:
    return [fault for fault in check_text(text, "kladde.toml")[1] if not fault.information]


# ------------------------------------------------------------------ which one holds


@pytest.mark.parametrize(
    ("code", "day", "stamp"),
    [
        ("", date(2025, 7, 1), "2026-11-25"),
        ("851", DAY, "2026-11-25"),
        ("740", DAY, "2026-11-25+2023-07-01"),
        ("740", date(2026, 12, 31), "2026-11-25+2023-07-01"),
        ("740", date(2027, 1, 1), "2026-11-25"),
        ("990", date(2025, 12, 31), "2026-11-25"),
        ("990", date(2026, 1, 1), "2026-11-25+2026-01-01"),
    ],
)
def test_which_rulebook_holds_is_a_function_of_place_and_day(code: str, day: date, stamp: str) -> None:
    assert SHELF.in_force(code, day).stamp["version"] == stamp


def test_before_the_first_there_is_none() -> None:
    with pytest.raises(NotFoundError):
        SHELF.in_force("", date(2025, 6, 30))


def test_the_four_freed_municipalities_carry_period_and_note_and_change_nothing() -> None:
    for code in ("219", "253", "580", "740"):
        book, national = SHELF.in_force(code, DAY), SHELF.in_force("", DAY)
        assert book.laid[0].valid_from == date(2023, 7, 1)
        assert book.laid[0].valid_to == date(2026, 12, 31)
        assert book.laid[0].changes == ()
        assert [row for _, row in book.rows()] == [row for _, row in national.rows()]
        assert book.figures == national.figures


def test_the_made_up_municipality_uses_every_kind_of_change() -> None:
    book = SHELF.in_force("990", DAY)
    assert {verb for verb, _, _ in book.laid[0].changes} == {"figure", "insert", "replace", "switch_off"}
    assert book.number("guarantee.days") == 8
    assert book.row("route.990.young_long_unemployed").origin == "990"
    assert book.row("contact.youth").then == {"contact_interval_days": 28}
    with pytest.raises(NotFoundError):
        book.row("offer.yearly")


def test_what_is_pinned_stays_what_it_was_whatever_comes_later() -> None:
    began = Shelf(built_in()[:1])
    stamp = began.in_force("740", DAY).stamp
    later = SHELF.with_layers([Source.of(HEAD.replace("851", "740").replace("2027", "2026") + ROW, "x.toml")])
    assert later.in_force("740", DAY).hash != stamp["hash"]
    assert later.pinned(stamp, "740", DAY).hash == stamp["hash"]
    here = later.in_force("740", DAY)
    assert later.pinned(here.stamp, "740", DAY) is here
    with pytest.raises(NotFoundError):
        later.pinned({**here.stamp, "hash": "0" * 64}, "740", DAY)


def test_a_newer_version_of_a_layer_takes_the_place_of_the_older() -> None:
    first = Source.of(HEAD + ROW, "a.toml")
    second = Source.of(HEAD.replace("2027-01-01", "2027-06-01"), "b.toml")
    shelf = SHELF.with_layers([second, first])
    assert "route.851.ready" in {row.id for _, row in shelf.in_force("851", date(2027, 5, 31)).rows()}
    assert "route.851.ready" not in {row.id for _, row in shelf.in_force("851", date(2027, 6, 1)).rows()}


def test_the_law_of_conversations_is_dated() -> None:
    known = {"benefit": "dagpenge", "weeks_unemployed": 5}
    said = {
        day: [row.id for row in rulebook_on(day).tables["talks"].rows if row.matches(known)]
        for day in (date(2026, 6, 30), date(2026, 7, 1))
    }
    assert list(said.values()) == [["talks.dagpenge.akasse.2024"], ["talks.dagpenge.akasse.2026"]]


def test_rates_that_are_not_known_are_said_to_be_not_known_until_somebody_enters_them() -> None:
    national, made_up = SHELF.in_force("", DAY), SHELF.in_force("990", DAY)
    assert not national.figures["subsidy.rate_private"].known
    assert made_up.figures["subsidy.rate_private"].known
    wrong = ROW.replace('when.health.equal = "none"', 'when.age.at_most = "@subsidy.rate_private"')
    assert [fault.kind for fault in _wrong(HEAD + wrong)] == ["unknown_figure"]


# ------------------------------------------------------------------ proof for every municipality


def test_every_municipality_s_rules_are_proved() -> None:
    assert len(municipalities()) == 99
    for code in municipalities():
        assert [one for one in check_municipality(SHELF, code, DAY) if not one.information] == [], code


def test_what_was_published_has_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proof.changed_since_published() == []
    bent = Source("2026-11-25.toml", built_in()[-1].content, "0" * 64)
    monkeypatch.setattr(proof, "built_in", lambda: (built_in()[0], bent))
    assert [one.kind for one in proof.changed_since_published()] == ["published"]


def test_a_layer_that_is_right_is_clean_and_decides() -> None:
    assert _wrong(HEAD + ROW) == []
    source = Source.of(HEAD + ROW, "x.toml")
    laid, faults = lay(SHELF.edition(DAY), [source], date(2027, 1, 1))
    book = open_rulebook(laid, date(2027, 1, 1))[0]
    assert faults == []
    assert book is not None
    where = standing(book, {"readiness": "now", "health": "none"})
    assert [row.id for row in where.rows] == ["route.851.ready"]


RAILS = {
    "rail.guarantee": '[[figure]]\nname = "guarantee.days"\nvalue = 11\nlaw = "x"\nconfidence = "policy"\n',
    "rail.person": ROW.replace("after =", "before ="),
    "rail.facts": ROW.replace("when.health.equal", "when.sex.equal"),
    "rail.effect": ROW.replace("then.route", 'then.benefit = "stop"\nthen.route'),
    "rail.contact": '[[figure]]\nname = "contact.days"\nvalue = 92\nlaw = "x"\nconfidence = "policy"\n',
    "rail.complaint": '[[figure]]\nname = "complaint.weeks"\nvalue = 2\nlaw = "x"\nconfidence = "policy"\n',
    "gap": '[[switch_off]]\ntable = "route"\nid = "route.self_directed"\n',
    "unreachable": ROW.replace('when.health.equal = "none"\n', "").replace(
        'when.readiness.equal = "now"\n', "when.age.at_least = 15\n"
    ),
    "rail.confidence": ROW.replace('confidence = "policy"', 'confidence = "verified"'),
    "missing_text": ROW.replace('why.en = "You can take a job now."\n', ""),
    "missing_row": ROW.replace("route.person", "route.persson"),
    "unknown_table": ROW.replace('table = "route"', 'table = "rute"'),
    "unknown_figure": '[[figure]]\nname = "guarantee.dayz"\nvalue = 8\nlaw = "x"\nconfidence = "policy"\n',
}


@pytest.mark.parametrize("kind", RAILS)
def test_a_layer_that_breaks_something_is_told_where_and_whom_it_harms(kind: str) -> None:
    found = [fault for fault in _wrong(HEAD + RAILS[kind]) if fault.kind == kind]
    assert found, _wrong(HEAD + RAILS[kind])
    assert found[0].file
    if kind in ("rail.guarantee", "rail.person", "rail.contact", "gap", "rail.effect", "unreachable"):
        assert found[0].person


def test_all_eight_rails_are_tried_above() -> None:
    assert (
        len([one for one in RAILS if one.startswith("rail.")]) + len({"gap", "unreachable"} & set(RAILS)) >= 8
    )


def test_a_by_need_track_cannot_be_given_to_somebody_else() -> None:
    """No interval belongs to those who return to work soon, and a layer cannot lend it out by the track."""
    bent = ROW.replace("then.route =", 'then.track = "by_need"\nthen.route =')
    assert {"rail.contact"} == {fault.kind for fault in _wrong(HEAD + bent)}


def test_every_mistake_is_collected_with_its_own_line_and_what_to_write_instead() -> None:
    text = HEAD + ROW.replace("when.readiness.equal", "when.redines.equal").replace(
        "then.route", "then.rute"
    ).replace("confidence =", "confidense =")
    faults = _wrong(text)
    lines = text.splitlines()
    assert len(faults) >= 3
    told = {(lines[fault.line - 1].split(" ")[0], fault.kind) for fault in faults if fault.line}
    assert ("when.redines.equal", "unknown_fact") in told
    assert ("confidense", "syntax") in told
    assert any("write readiness" in fault.message for fault in faults)
    assert any("write confidence" in fault.message for fault in faults)


def test_a_layer_may_touch_nothing_but_figures_and_rows() -> None:
    assert "rail.effect" in {fault.kind for fault in _wrong(HEAD + '[complaint]\ntext.da = "Nej"\n')}


def test_lines_are_right_in_the_shipped_files() -> None:
    for source in (*built_in(), *built_in_layers()):
        path = next(proof.FOLDER.rglob(f"{source.municipality or 'national'}/{source.name}"))
        lines = path.read_text(encoding="utf-8").splitlines()
        for name in ("figure", "route", "insert", "replace"):
            for raw in source.content.get(name, []):
                assert lines[raw["__at__"].line - 1].startswith(f"[[{name}]]")
