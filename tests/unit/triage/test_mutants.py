"""The proof against faults put in at random: all that brute force finds is found, and nothing else."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from portal.triage import proof
from portal.triage.shelf import Shelf
from portal.triage.source import Source, built_in
from tests.unit.triage import oracle

pytestmark = pytest.mark.long

MUTANTS, LAYERS = 460, 150
THEN = date(2027, 1, 1)  # when the municipal layers begin
ORIGINAL = built_in()[-1]
TABLES = ("route", "team", "contact", "guarantee", "desk", "offer", "talks", "akasse")
NOT_COMPARED = {"rail.facts", "overlap"}  # told together with unknown_fact; no fault
Content = dict[str, Any]


def _rows(content: Content, rng: random.Random) -> tuple[str, list[Any]]:
    """Some table or condition, with its rows to be changed in place."""
    if rng.random() < 0.45:
        condition = rng.choice(content["condition"])
        return condition["id"], condition["row"]
    name = rng.choices(TABLES, (6, 2, 3, 3, 4, 1, 1, 1))[0]
    return name, content[name]


def _with_condition(content: Content, rng: random.Random) -> tuple[str, Any, str]:
    while True:
        name, rows = _rows(content, rng)
        row = rng.choice(rows)
        if row.get("when"):
            return name, row, rng.choice(sorted(row["when"]))


def drop_row(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    if len(rows) > 1:
        del rows[rng.randrange(len(rows))]


def swap_rows(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    if len(rows) > 1:
        at = rng.randrange(len(rows) - 1)
        rows[at], rows[at + 1] = rows[at + 1], rows[at]


def drop_condition(content: Content, rng: random.Random) -> None:
    _, row, fact = _with_condition(content, rng)
    del row["when"][fact]


def bend_limit(content: Content, rng: random.Random) -> None:
    _, row, fact = _with_condition(content, rng)
    reads_employers = "result" in row.get("then", {}) or row["id"].startswith("desk")
    every = oracle.domain(fact, reads_employers)
    limit = rng.choice(every) if every else rng.randint(0, 60)
    row["when"][fact] = {"equal": limit}
    if fact not in oracle.FLAGS and fact not in oracle.CHOICES:
        row["when"][fact] = {rng.choice(["at_least", "at_most", "less_than"]): limit}


def turn_round(content: Content, rng: random.Random) -> None:
    _, row, fact = _with_condition(content, rng)
    row["when"][fact] = {"not": row["when"][fact]}


def add_condition(content: Content, rng: random.Random) -> None:
    name, rows = _rows(content, rng)
    reads = oracle.READS.get(name, oracle.EMPLOYER)
    fact = rng.choice(sorted(one for one in reads if one in oracle.FLAGS or one in oracle.CHOICES))
    values = oracle.domain(fact, True)
    assert values is not None
    rng.choice(rows).setdefault("when", {})[fact] = {"equal": rng.choice(values)}


def never_meets(content: Content, rng: random.Random) -> None:
    content["route"][rng.randrange(1, 10)]["when"]["age"] = {"at_least": 40, "less_than": 30}


def wrong_fact(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    fact = rng.choice(["sex", "religion", "postcode", "ages", "hovsa"])
    rng.choice(rows).setdefault("when", {})[fact] = {"equal": True}


def wrong_value(content: Content, rng: random.Random) -> None:
    _, row, fact = _with_condition(content, rng)
    row["when"][fact] = {"equal": rng.choice(["hvad", -1_000_000_000])}


def other_decision(content: Content, rng: random.Random) -> None:
    table = rng.choice(["route", "contact", "guarantee"])
    row = rng.choice(content[table])
    if table == "route":
        row["then"] = {
            "route": rng.choice([*oracle.CHOICES["route"].split(), "lottery"]),
            "track": rng.choice(["by_need", "sick", "job_change"]),
        }
    elif table == "contact":
        row["then"]["contact_interval_days"] = rng.choice([0, 1, 30, 91, 92, 365, "none"])
    else:
        row["then"]["guarantee_days"] = rng.choice([0, 1, 6, 7, 8, 10, 11, 14])


def forbidden_decision(content: Content, rng: random.Random) -> None:
    name = rng.choice(TABLES)
    rng.choice(content[name])["then"][rng.choice(["benefit", "sanction", "refusal"])] = "stop"


def no_text(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    rng.choice(rows)["why"] = {rng.choice(["da", "en"]): "Kun på ét sprog."}


def no_law(content: Content, rng: random.Random) -> None:
    rng.choice(content[rng.choice(TABLES)])["law"] = ""


def no_confidence(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    rng.choice(rows)["confidence"] = "surely"


def no_figure(content: Content, rng: random.Random) -> None:
    del content["figure"][rng.randrange(len(content["figure"]))]


def bend_figure(content: Content, rng: random.Random) -> None:
    figure = rng.choice([one for one in content["figure"] if type(one.get("value")) is int])
    if not figure["name"].startswith("complaint."):
        figure["value"] = max(0, figure["value"] + rng.choice([-30, -5, -1, 1, 5, 90]))


def ends_one_day(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    rng.choice(rows)["valid_to"] = date(2026, 12, 31) + timedelta(days=rng.randint(-400, 400))


def begins_one_day(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    rng.choice(rows)["valid_from"] = date(2027, 1, rng.randint(1, 28))


def equal_ranks(content: Content, rng: random.Random) -> None:
    _, rows = _rows(content, rng)
    for row in rows:
        row["rank"] = rng.randint(1, 3)


def reworded(content: Content, rng: random.Random) -> None:
    """No fault at all: other words."""
    _, rows = _rows(content, rng)
    rng.choice(rows)["why"] = {"da": "Andre ord.", "en": "Other words."}


WAYS: tuple[Callable[[Content, random.Random], None], ...] = (
    drop_row, swap_rows, drop_condition, bend_limit, turn_round, add_condition, never_meets, wrong_fact, wrong_value,
    other_decision, forbidden_decision, no_text, no_law, no_confidence, no_figure, bend_figure, ends_one_day,
    begins_one_day, equal_ranks, reworded,
)  # fmt: skip


def _mutant(number: int) -> tuple[str, Content]:
    rng = random.Random(number)
    content = copy.deepcopy(dict(ORIGINAL.content))
    ways = [WAYS[number % len(WAYS)], *rng.sample(WAYS, rng.choice([0, 0, 1]))]
    for way in ways:
        way(content, rng)
    return " + ".join(way.__name__ for way in ways), content


def _found(content: Content) -> list[proof.Fault]:
    source = Source("mutant.toml", content, f"mutant {id(content)}")
    return [fault for fault in proof.check(source, Shelf(built_in())) if not fault.information]


def _as_said(faults: list[proof.Fault]) -> set[oracle.Finding]:
    return {(one.kind, one.table, one.row) for one in faults if one.kind not in NOT_COMPARED}


def _persons_are_right(content: Content, faults: list[proof.Fault]) -> None:
    """The person of a gap meets no row; that of an unreachable row meets it, and an earlier one too."""
    for fault in faults:
        if fault.kind not in ("gap", "unreachable") or not fault.person or fault.day is None:
            continue
        rows = oracle._read(content, fault.day, set())[fault.table]
        met = [
            row["id"]
            for row in rows
            if all(oracle.holds(c, fault.person[f]) for f, c in row["when"].items() if f in fault.person)
            and set(row["when"]) <= set(fault.person)
        ]
        if fault.kind == "gap":
            assert [one for one in met if not _exempt(rows, one)] == [], fault
        else:
            assert fault.row in met, fault
            assert met[0] != fault.row, fault


def _exempt(rows: list[Any], row_id: str) -> bool:
    return bool(next(row for row in rows if row["id"] == row_id).get("exemption"))


def test_the_originals_are_clean_by_both() -> None:
    assert oracle.findings(ORIGINAL.content, ORIGINAL.content) == set()
    for source in built_in():
        assert [one for one in proof.check(source, Shelf(built_in())) if not one.information] == []


@pytest.mark.timeout(280)
def test_every_mutant_is_judged_as_by_brute_force() -> None:
    kinds: Counter[str] = Counter()
    clean = 0
    for number in range(MUTANTS):
        name, content = _mutant(number)
        expected = oracle.findings(content, ORIGINAL.content)
        faults = _found(content)
        assert _as_said(faults) == expected, (number, name)
        _persons_are_right(content, faults)
        kinds.update(kind for kind, _, _ in expected)
        clean += not expected
    assert MUTANTS - clean >= 300
    assert clean >= 50, "some changes are no faults"
    assert set(kinds) >= {"gap", "unreachable", "unknown_fact", "unknown_value", "unknown_figure", "missing_text", "rail.person",
                          "rail.contact", "rail.guarantee", "rail.effect", "rail.confidence", "equal_rank", "missing_row"}  # fmt: skip


# ------------------------------------------------------------------ municipal layers

BENT = (
    drop_condition,
    bend_limit,
    turn_round,
    add_condition,
    other_decision,
    forbidden_decision,
    wrong_value,
)


def _layer(number: int) -> tuple[Content, Content]:
    """A municipal layer that changes a row or a figure at random; and the national content with the same done by hand."""
    rng = random.Random(number)
    bent, whole = copy.deepcopy(dict(ORIGINAL.content)), copy.deepcopy(dict(ORIGINAL.content))
    whole["valid_from"] = THEN
    layer: Content = {
        "language": 2, "id": "lokal", "municipality": "219", "version": "2027-01-01", "valid_from": THEN, "law": "x",
        "note": {"da": "Prøve.", "en": "Trial."},
    }  # fmt: skip
    if number % 4 == 0:
        bend_figure(bent, rng)
        for one, before in zip(bent["figure"], list(whole["figure"]), strict=True):
            if one != before:
                mine = {"name": one["name"], "value": one["value"], "law": "x", "confidence": "policy"}
                layer["figure"] = [mine]
                whole["figure"] = [*whole["figure"], {**before, **mine, "valid_from": THEN}]
        return layer, whole
    rng.choice(BENT)(bent, rng)
    for name, rows, changed in _pairs(whole, bent):
        for place, (row, other) in enumerate(zip(list(rows), changed, strict=True)):
            if row == other or name == "talks":
                continue
            other = {**other, "confidence": "policy"}
            verb = rng.choice(["replace", "insert", "switch_off"])
            if verb == "switch_off":
                layer["switch_off"] = [{"table": name, "id": row["id"]}]
                del rows[place]
            elif verb == "replace":
                layer["replace"] = [{"table": name, "id": row["id"], "row": other}]
                rows[place] = other
            else:
                other["id"] = f"{row['id']}.219"
                layer["insert"] = [{"table": name, "after": row["id"], "row": other}]
                rows.insert(place + 1, other)
            return layer, whole
    return layer, whole


def _pairs(one: Content, other: Content) -> Iterator[tuple[str, list[Any], list[Any]]]:
    yield from ((name, one[name], other[name]) for name in TABLES)
    for mine, theirs in zip(one["condition"], other["condition"], strict=True):
        yield mine["id"], mine["row"], theirs["row"]


@pytest.mark.timeout(280)
def test_every_mutated_layer_is_judged_as_by_brute_force_over_what_it_leads_to() -> None:
    clean = 0
    for number in range(LAYERS):
        layer, whole = _layer(number)
        expected = oracle.findings(whole, ORIGINAL.content)
        for off in layer.get(
            "switch_off", ()
        ):  # an edition may not lose a row, a municipality may switch it off
            expected.discard(("missing_row", off["table"], off["id"]))
        assert _as_said(_found(layer)) == expected, (number, layer)
        clean += not expected
    assert 20 <= clean <= LAYERS - 60


def test_the_control_a_proof_that_does_not_look_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_complete", lambda *_args, **_more: iter(()))
    wrong = 0
    for number in range(40):
        _, content = _mutant(number)
        wrong += _as_said(_found(content)) != oracle.findings(content, ORIGINAL.content)
    assert wrong > 5
