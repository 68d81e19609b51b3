"""Decision tables to and from DMN 1.3 XML, with the conditions as FEEL unary tests, so that other systems can read them.

A table whose first fitting row decides has hit policy FIRST; one in which every fitting row counts has COLLECT. Whatever is
not decision (law, words, confidence, dates) goes along as annotations, so that nothing is lost on the way back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from portal.domain.errors import InvalidError
from portal.triage.drawing import EVERY_ROW
from portal.triage.facts import Fact, Value
from portal.triage.rulebook import Rulebook
from portal.triage.table import Row, Table

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
TYPES = {"flag": "boolean", "choice": "string", "whole": "number", "decimal": "number"}
NOTES = (
    "law",
    "confidence",
    "why",
    "remedy",
    "note",
    "valid_from",
    "valid_to",
    "exemption",
    "rank",
    "origin",
    "figures",
)
UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
ANY = "-"


# ------------------------------------------------------------------ out


def export(book: Rulebook, name: str) -> str:
    """One table or condition of a rulebook as a DMN 1.3 document. KeyError for a name that is none."""
    table = book.tables[name] if name in book.tables else _condition(book, name)
    policy = "COLLECT" if name in EVERY_ROW else "FIRST"
    return document(table, name, policy, f"{book.id} {book.version} {book.hash}")


def _condition(book: Rulebook, name: str) -> Table:
    return {condition.id: condition.table for condition in book.conditions}[name]


def document(table: Table, name: str, policy: str, stamp: str) -> str:
    """A table as a DMN 1.3 document with one decision."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    outputs = list(dict.fromkeys(key for row in table.rows for key in row.then))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<definitions xmlns="{MODEL}" id="d_{plain}" name={quoteattr(plain)} namespace="https://jobportalen.example/rules">',
        f"  <description>{escape(stamp)}</description>",
        f'  <decision id="{plain}" name={quoteattr(plain)}>',
        f'    <variable id="v_{plain}" name={quoteattr(plain)}/>',
    ]
    for fact in table.facts:
        lines.append(
            f'    <informationRequirement id="r_{fact}"><requiredInput href="#in_{fact}"/></informationRequirement>'
        )
    lines.append(f'    <decisionTable id="t_{plain}" hitPolicy="{policy}" outputLabel={quoteattr(plain)}>')
    lines += _heads(table, outputs)
    for number, row in enumerate(table.rows):
        lines += _rule(table, row, outputs, number)
    lines += ["    </decisionTable>", "  </decision>"]
    for fact, cells in zip(table.facts, table.cells, strict=True):
        kind = TYPES[cells.fact.kind]
        lines.append(
            f'  <inputData id="in_{fact}" name="{fact}"><variable id="iv_{fact}" name="{fact}" typeRef="{kind}"/></inputData>'
        )
    return "\n".join([*lines, "</definitions>", ""])


def _heads(table: Table, outputs: Sequence[str]) -> Iterator[str]:
    for fact, cells in zip(table.facts, table.cells, strict=True):
        kind = TYPES[cells.fact.kind]
        yield f'      <input id="i_{fact}" label="{fact}"><inputExpression id="x_{fact}" typeRef="{kind}"><text>{fact}</text></inputExpression></input>'
    for key in outputs:
        values = {type(row.then[key]) for row in table.rows if row.then.get(key) is not None}
        kind = "boolean" if values == {bool} else "number" if values <= {int, Decimal} else "string"
        yield f'      <output id="o_{key}" name="{key}" typeRef="{kind}"/>'
    for note in ("id", *NOTES):
        yield f'      <annotation name="{note}"/>'


def _rule(table: Table, row: Row, outputs: Sequence[str], number: int) -> Iterator[str]:
    yield f'      <rule id="rule_{number}">'
    for fact in table.facts:
        test = unary(row.when[fact]) if fact in row.when else ANY
        yield f'        <inputEntry id="c_{number}_{fact}"><text>{escape(test)}</text></inputEntry>'
    for key in outputs:
        yield f'        <outputEntry id="a_{number}_{key}"><text>{escape(literal(row.then.get(key)))}</text></outputEntry>'
    for note in (row.id, *(_note(row, name) for name in NOTES)):
        if UNWRITABLE.search(note):
            raise InvalidError("dmn.text", row=row.id, detail="a control character cannot stand in XML")
        yield f"        <annotationEntry><text>{escape(note)}</text></annotationEntry>"
    yield "      </rule>"


def _note(row: Row, name: str) -> str:
    if name in ("why", "remedy"):
        return json.dumps(row.texts[name], ensure_ascii=False) if name in row.texts else ""
    found: Any = getattr(row, name)
    if name == "note":
        return json.dumps(dict(found), ensure_ascii=False) if found else ""
    if name == "figures":
        return json.dumps({key: literal(value) for key, value in found.items()}) if found else ""
    if name == "exemption":
        return "true" if found else ""
    return "" if found is None else str(found)


def literal(value: Any) -> str:
    """A value as FEEL writes it; nothing as null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else json.dumps(str(value), ensure_ascii=False)


def unary(condition: Mapping[str, Any]) -> str:
    """A condition as a FEEL unary test."""
    keys = set(condition)
    if keys == {"equal"}:
        return literal(condition["equal"])
    if keys == {"one_of"}:
        return ",".join(literal(value) for value in condition["one_of"])
    if keys == {"not"}:
        return f"not({unary(condition['not'])})"
    if keys == {"between"}:
        return f"[{literal(condition['between'][0])}..{literal(condition['between'][1])}]"
    if len(keys) == 1:
        sign = {"at_least": ">=", "at_most": "<=", "less_than": "<"}[next(iter(keys))]
        return f"{sign} {literal(next(iter(condition.values())))}"
    if keys <= {"at_least", "at_most", "less_than", "between"} and keys & {"at_least", "between"}:
        low, high, closed = _span(condition)
        return f"[{literal(low)}..{literal(high)}{']' if closed else ')'}"
    raise InvalidError("dmn.condition", condition=str(condition))


def _span(condition: Mapping[str, Any]) -> tuple[Any, Any, bool]:
    """From, to, and whether the end belongs to it: the tightest of several limits."""
    between = condition.get("between")
    lows = [condition["at_least"]] if "at_least" in condition else []
    highs = [(condition[key], key == "at_most") for key in ("at_most", "less_than") if key in condition]
    if between is not None:
        lows.append(between[0])
        highs.append((between[1], True))
    high, closed = min(highs)
    return max(lows), high, closed


# ------------------------------------------------------------------ and in again


def read(text: str, vocabulary: Mapping[str, Fact]) -> tuple[str, str, Table]:
    """The decision's name, its hit policy and its table. InvalidError for what is no such document, or names a fact that is
    not in the vocabulary."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InvalidError("dmn.xml", detail="a document with a DTD is not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 a document with a DTD was refused before it is parsed
    except ElementTree.ParseError as error:
        raise InvalidError("dmn.xml", detail=str(error)) from None
    decision = root.find(f"{{{MODEL}}}decision")
    found = decision.find(f"{{{MODEL}}}decisionTable") if decision is not None else None
    if decision is None or found is None:
        raise InvalidError("dmn.table", detail="there is no decision table")
    inputs = [_text(one.find(f"{{{MODEL}}}inputExpression")) for one in found.findall(f"{{{MODEL}}}input")]
    for name in inputs:
        if name not in vocabulary:
            raise InvalidError("fact.unknown", fact=name)
    outputs = [str(one.get("name")) for one in found.findall(f"{{{MODEL}}}output")]
    notes = [str(one.get("name")) for one in found.findall(f"{{{MODEL}}}annotation")]
    rows = [_row(rule, inputs, outputs, notes) for rule in found.findall(f"{{{MODEL}}}rule")]
    return str(decision.get("name")), str(found.get("hitPolicy", "UNIQUE")), Table(rows, vocabulary)


def _row(
    rule: ElementTree.Element, inputs: Sequence[str], outputs: Sequence[str], notes: Sequence[str]
) -> Row:
    tests = [_text(one) for one in rule.findall(f"{{{MODEL}}}inputEntry")]
    ends = [_text(one) for one in rule.findall(f"{{{MODEL}}}outputEntry")]
    said = dict(
        zip(notes, (_words(one) for one in rule.findall(f"{{{MODEL}}}annotationEntry")), strict=False)
    )
    then = {
        key: value
        for key, text in zip(outputs, ends, strict=True)
        if (value := parse_literal(text)) is not None
    }
    texts = {key: json.loads(said[key]) for key in ("why", "remedy") if said.get(key)}
    return Row(
        id=said.get("id") or str(rule.get("id")),
        when={name: parse_unary(test) for name, test in zip(inputs, tests, strict=True) if test != ANY},
        then=then,
        law=said.get("law", ""),
        confidence=said.get("confidence") or "policy",
        texts=texts,
        exemption=said.get("exemption") == "true",
        note=json.loads(said["note"]) if said.get("note") else {},
        valid_from=date.fromisoformat(said["valid_from"]) if said.get("valid_from") else None,
        valid_to=date.fromisoformat(said["valid_to"]) if said.get("valid_to") else None,
        rank=int(said["rank"]) if said.get("rank") else None,
        origin=said.get("origin", ""),
        figures={key: parse_literal(one) for key, one in json.loads(said.get("figures") or "{}").items()},
    )


def _text(element: ElementTree.Element | None) -> str:
    return _words(element).strip()


def _words(element: ElementTree.Element | None) -> str:
    """As it was written, with the space around it."""
    found = element.find(f"{{{MODEL}}}text") if element is not None else None
    return (found.text or "") if found is not None else ""


def parse_literal(text: str) -> Value | None:
    """A FEEL literal. InvalidError for anything else: no expression is ever evaluated."""
    if text in ("", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            raise InvalidError("dmn.literal", text=text[:80]) from None
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InvalidError("dmn.literal", text=text[:80]) from None
    return int(number) if number == int(number) and "." not in text else number


def parse_unary(text: str) -> dict[str, Any]:
    """A FEEL unary test as a condition: the forms `unary` writes, and no other."""
    text = text.strip()
    if text.startswith("not(") and text.endswith(")"):
        return {"not": parse_unary(text[4:-1])}
    for sign, operator in ((">=", "at_least"), ("<=", "at_most"), ("<", "less_than")):
        if text.startswith(sign):
            return {operator: parse_literal(text[len(sign) :].strip())}
    ranged = re.fullmatch(r"\[(.+)\.\.(.+)([\])])", text)
    if ranged:
        low, high = (parse_literal(ranged.group(i).strip()) for i in (1, 2))
        return {"between": [low, high]} if ranged.group(3) == "]" else {"at_least": low, "less_than": high}
    values = [parse_literal(part) for part in _parts(text)]
    if any(value is None for value in values):
        raise InvalidError("dmn.literal", text=text[:80])
    return {"equal": values[0]} if len(values) == 1 else {"one_of": values}


def _parts(text: str) -> list[str]:
    """The values of a list, with commas inside quotes left alone."""
    return [part.strip() for part in re.findall(r'"(?:[^"\\]|\\.)*"|[^,]+', text)]
