"""DMN 1.3: valid against the schema, read back without loss, and decided the same by another engine."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from pyDMNrules import DMN

from portal.domain.errors import InvalidError
from portal.triage import dmn
from portal.triage.drawing import EVERY_ROW
from portal.triage.facts import EMPLOYER, Fact, values_of
from portal.triage.rulebook import TABLES
from portal.triage.shelf import rulebook_on
from portal.triage.table import Table

BOOK = rulebook_on(date(2026, 11, 25), "990")
ALL = {name: (table, TABLES[name]) for name, table in BOOK.tables.items()} | {
    one.id: (one.table, EMPLOYER) for one in BOOK.conditions
}
DECIDED = 10_000


def _schema() -> etree.XMLSchema:
    """The official schema, as it lies in another package."""
    found = find_spec("SpiffWorkflow")
    assert found is not None
    assert found.submodule_search_locations
    return etree.XMLSchema(
        etree.parse(Path(found.submodule_search_locations[0]) / "dmn/parser/schema/DMN13.xsd")
    )


@pytest.mark.parametrize("name", ALL)
def test_it_is_valid_and_reads_back_without_loss(name: str) -> None:
    text = dmn.export(BOOK, name)
    schema = _schema()
    assert schema.validate(etree.fromstring(text.encode())), schema.error_log
    table, vocabulary = ALL[name]
    _, policy, read = dmn.read(text, vocabulary)
    assert policy == ("COLLECT" if name in EVERY_ROW else "FIRST")
    assert len(read.rows) == len(table.rows)
    for row, other in zip(read.rows, table.rows, strict=True):
        assert (row.id, row.law, row.confidence, row.exemption) == (
            other.id,
            other.law,
            other.confidence,
            other.exemption,
        )
        assert row.when == other.when
        assert row.then == {key: value for key, value in other.then.items() if value is not None}
        assert row.texts == {key: other.texts[key] for key in ("why", "remedy") if key in other.texts}
        assert (row.valid_from, row.valid_to, row.note) == (other.valid_from, other.valid_to, other.note)
        assert (row.rank, row.origin, dict(row.figures)) == (other.rank, other.origin, dict(other.figures))


def _value(fact: Fact, rng: random.Random, table: Table) -> Any:
    """Often one at the edge of a cell."""
    cells = table.cells[table.facts.index(fact.name)]
    if rng.random() < 0.6 or fact.kind == "decimal":
        return rng.choice(rng.choice(cells.members))
    return rng.choice(values_of(fact))


def _for_them(text: str) -> str:
    """The engine trips over annotations: they are no part of what is decided."""
    text = re.sub(r"\s*<annotation [^>]*/>", "", text)
    return re.sub(r"\s*<annotationEntry>.*?</annotationEntry>", "", text, flags=re.DOTALL)


@pytest.mark.timeout(250)
def test_another_engine_decides_the_same() -> None:
    rng = random.Random(4)
    names = [name for name in ALL if name not in EVERY_ROW]
    for name in names:
        table, vocabulary = ALL[name]
        engine = DMN()
        status = engine.useXML(_for_them(dmn.export(BOOK, name)))
        assert not status.get("errors"), status
        seen: dict[tuple[Any, ...], Any] = {}
        for _ in range(DECIDED // len(names) + 1):
            person = {fact: _value(vocabulary[fact], rng, table) for fact in table.facts}
            key = tuple(person.values())
            if key not in seen:
                plain = {
                    fact: float(one) if isinstance(one, Decimal) else one for fact, one in person.items()
                }
                said, answer = engine.decide(plain)
                assert not said.get("errors") or "No rules matched" in said["errors"][0], (said, person)
                last = answer[-1] if isinstance(answer, list) and answer else answer
                seen[key] = last["Executed Rule"][2] if last and last.get("Executed Rule") else None
            first = table.first(person)
            expected = f"{table.rows.index(first)}" if first is not None else None
            assert (seen[key] or "None").split(".")[-1].removeprefix("rule_") == str(expected), (name, person)


@pytest.mark.parametrize(
    "text",
    ["", "<a/>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", dmn.export(BOOK, "akasse").replace("benefit", "sex"),
     dmn.export(BOOK, "akasse").replace('"dagpenge"', "__import__('os')")],
)  # fmt: skip
def test_what_is_no_table_of_ours_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        dmn.read(text, TABLES["akasse"])


def test_a_table_of_another_kind_is_read_too() -> None:
    text = dmn.export(BOOK, "team").replace('hitPolicy="FIRST"', 'hitPolicy="UNIQUE"')
    assert dmn.read(text, TABLES["team"])[1] == "UNIQUE"


@pytest.mark.parametrize(
    ("condition", "said"),
    [({"less_than": 30, "at_most": 40, "at_least": 10}, "[10..30)"), ({"between": [10, 30], "at_most": 20}, "[10..20]"),
     ({"between": [10, 30], "less_than": 30}, "[10..30)")],
)  # fmt: skip
def test_several_limits_are_written_as_the_tightest(condition: dict[str, Any], said: str) -> None:
    assert dmn.unary(condition) == said


def test_what_dmn_cannot_say_is_refused_with_the_condition() -> None:
    with pytest.raises(InvalidError) as error:
        dmn.unary({"at_least": 3, "not": {"equal": 5}})
    assert error.value.code == "dmn.condition"


def test_what_xml_cannot_hold_is_refused_and_space_is_kept() -> None:
    team = BOOK.tables["team"]
    rows = [replace(row, law=" med luft ") for row in team.rows]
    text = dmn.document(Table(rows, TABLES["team"]), "team", "FIRST", "x")
    assert dmn.read(text, TABLES["team"])[2].rows[0].law == " med luft "
    with pytest.raises(InvalidError):
        dmn.document(Table([replace(rows[0], law="\x01")], TABLES["team"]), "team", "FIRST", "x")
