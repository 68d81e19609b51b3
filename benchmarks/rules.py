"""Rules measured side by side in one run: our tables against zen-engine's, and a million people against OpenFisca.

The rivals get the very same tables, exported from the rulebook, and answer the very same people; their answers are compared
with ours before anything is timed. Reported are ratios of medians. Rivals live in `requirements/bench.txt`.
"""

from __future__ import annotations

import json
import logging
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import zen
from openfisca_core.entities import Entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from portal.triage import population, proof
from portal.triage.compiled import case_decider, case_explainer
from portal.triage.dialogue import order_of
from portal.triage.dmn import literal
from portal.triage.explanation import Explained, Explainer
from portal.triage.facts import CITIZEN, EMPLOYER, GUARANTEE, OUTCOME, values_of
from portal.triage.order import Order, Step
from portal.triage.rulebook import FOLDER, Rulebook
from portal.triage.shelf import Shelf, rulebook_on
from portal.triage.source import Source, built_in, municipalities
from portal.triage.table import Row, Table

DAY = date(2026, 11, 25)
CASES, ROUNDS, MANY = 400, 9, 1_000_000
PERIOD = "2026-11"
CHECKED_RULES, LIMIT_OF_PROOF = 200, 5.0


def main() -> None:
    book = rulebook_on(DAY)
    _one_case(book)
    _many(book)
    _questions(book)
    _proof()


def _medians(ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Each way several times in random order; the median of each, in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name in random.sample(sorted(ways), len(ways)):
            began = time.perf_counter()
            ways[name]()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


# ------------------------------------------------------------------ one case


def tables(book: Rulebook) -> dict[str, tuple[Table, Mapping[str, Any]]]:
    """Some tables with only whole numbers and choices, which every rival can hold."""
    found: dict[str, tuple[Table, Mapping[str, Any]]] = {
        "route": (book.tables["route"], CITIZEN),
        "team": (book.tables["team"], OUTCOME),
        "contact": (book.tables["contact"], OUTCOME),
        "guarantee": (book.tables["guarantee"], GUARANTEE),
        "desk": (book.tables["desk"], EMPLOYER),
    }
    for condition in book.conditions:
        if condition.id in ("placement.duration", "subsidy.duration"):
            found[condition.id] = (condition.table, EMPLOYER)
    return found


def _people(found: Mapping[str, tuple[Table, Mapping[str, Any]]], seed: int) -> list[dict[str, Any]]:
    """A value for every fact of every table, often at an edge."""
    rng = random.Random(seed)
    people = []
    for _ in range(CASES):
        person: dict[str, Any] = {}
        for table, _ in found.values():
            for name, cells in zip(table.facts, table.cells, strict=True):
                person.setdefault(name, rng.choice(rng.choice(cells.members)))
        people.append(person)
    return people


def _zen_test(condition: Mapping[str, Any]) -> str:
    """A condition as zen's expression for one cell of a decision table."""
    parts = []
    for operator, wanted in condition.items():
        if operator == "not":
            inner, limit = next(iter(wanted.items()))
            if inner == "at_most":
                parts.append(f"> {limit}")
            elif inner == "one_of":
                parts.append(f"not in [{', '.join(literal(one) for one in limit)}]")
            else:
                raise ValueError(condition)
        elif operator == "equal":
            parts.append(
                literal(wanted) if not isinstance(wanted, int) or isinstance(wanted, bool) else f"== {wanted}"
            )
        elif operator == "one_of":
            parts.append(", ".join(literal(one) for one in wanted))
        elif operator == "between":
            parts.append(f"[{wanted[0]}..{wanted[1]}]")
        else:
            parts.append({"at_least": ">=", "at_most": "<=", "less_than": "<"}[operator] + f" {wanted}")
    return " and ".join(parts)


def _zen_graph(found: Mapping[str, tuple[Table, Mapping[str, Any]]]) -> dict[str, Any]:
    """Every table as a node that gives the id of its row, all from one input to one output."""
    nodes: list[dict[str, Any]] = [
        {"id": "in", "type": "inputNode", "name": "in"},
        {"id": "out", "type": "outputNode", "name": "out"},
    ]
    edges = []
    for number, (name, (table, _)) in enumerate(found.items()):
        content = {
            "hitPolicy": "first",
            "inputs": [{"id": f"i{i}", "name": fact, "field": fact} for i, fact in enumerate(table.facts)],
            "outputs": [{"id": "o", "name": "row", "field": name.replace(".", "_")}],
            "rules": [
                {
                    "_id": row.id,
                    **{
                        f"i{i}": _zen_test(row.when[fact]) if fact in row.when else ""
                        for i, fact in enumerate(table.facts)
                    },
                    "o": f'"{row.id}"',
                }
                for row in table.rows
            ],
        }
        nodes.append({"id": f"t{number}", "type": "decisionTableNode", "name": name, "content": content})
        edges.append({"id": f"a{number}", "sourceId": "in", "targetId": f"t{number}", "type": "edge"})
        edges.append({"id": f"b{number}", "sourceId": f"t{number}", "targetId": "out", "type": "edge"})
    return {"nodes": nodes, "edges": edges}


def _one_case(book: Rulebook) -> None:
    found = tables(book)
    people = _people(found, 1)
    plain = {name: table for name, (table, _) in found.items()}
    explainers = {name: Explainer(table, lambda row: repr(row.then)) for name, table in plain.items()}

    def why(name: str, person: Mapping[str, Any]) -> Explained:
        return explainers[name].cell({fact: person[fact] for fact in plain[name].facts})

    ours, explained = case_decider(plain), case_explainer(plain, why)
    names = [name.replace(".", "_") for name in found]

    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": _zen_graph(found)}}})
    rivals = [json.loads(json.dumps(person, default=float)) for person in people]
    for person, rival in zip(people, rivals, strict=True):
        theirs = engine.evaluate("rules", rival)["result"]
        assert tuple(theirs.get(name) for name in names) == ours(person), (theirs, ours(person))
        assert [one.rows[0].id for one in explained(person)] == list(ours(person))
    taken = _medians(
        {
            "ours": lambda: [ours(person) for person in people],
            "ours, explained": lambda: [explained(person) for person in people],
            "zen": lambda: [engine.evaluate("rules", rival) for rival in rivals],
            "zen, traced": lambda: [engine.evaluate("rules", rival, {"trace": True}) for rival in rivals],
        }
    )
    rules = sum(len(table.rows) for table, _ in found.values())
    print(f"\nOne case, {rules} rules in {len(found)} tables, {CASES} cases a round")
    for name, seconds in taken.items():
        print(f"  {name:<18}{seconds / CASES * 1e6:8.2f} us")
    print(f"  with row ids: {taken['zen'] / taken['ours']:.0f} x zen (bar 20)")
    print(
        f"  with full explanation: {taken['zen, traced'] / taken['ours, explained']:.0f} x zen with trace (bar 15)"
    )


# ------------------------------------------------------------------ a million people


def _system(book: Rulebook) -> tuple[TaxBenefitSystem, list[str]]:
    """The same tables as OpenFisca variables: each gives the position of its row."""
    person = Entity("person", "persons", "", "")
    system = TaxBenefitSystem([person])
    inputs = sorted({name for name in ("route", "guarantee") for name in book.tables[name].facts})
    for name in inputs:
        system.add_variable(
            type(
                name,
                (Variable,),
                {
                    "value_type": int,
                    "entity": person,
                    "definition_period": DateUnit.MONTH,
                    "__module__": __name__,
                },
            )
        )
    for name in ("route", "guarantee"):
        table = book.tables[name]

        def formula(people: Any, period: Any, parameters: Any, table: Table = table, name: str = name) -> Any:
            given = {fact: people(fact, period) for fact in table.facts}
            return np.select(
                [_holding(row, given, table) for row in table.rows], np.arange(len(table.rows)), default=-1
            )

        made = {
            "value_type": int,
            "entity": person,
            "definition_period": DateUnit.MONTH,
            "formula": formula,
            "__module__": __name__,
        }
        system.add_variable(type(f"{name}_row", (Variable,), made))
    return system, inputs


def _holding(row: Row, given: Mapping[str, Any], table: Table) -> Any:
    size = len(next(iter(given.values())))
    holding = np.ones(size, dtype=bool)
    for name, condition in row.when.items():
        holding &= _fits(condition, given[name], table, name)
    return holding


def _fits(condition: Mapping[str, Any], column: Any, table: Table, name: str) -> Any:
    fact = table.cells[table.facts.index(name)].fact
    found = np.ones(len(column), dtype=bool)
    for operator, wanted in condition.items():
        if operator == "not":
            found &= ~_fits(wanted, column, table, name)
        elif operator == "one_of":
            found &= np.isin(column, [population.code_of(fact, one) for one in wanted])
        else:
            code = population.code_of(fact, wanted)
            found &= {
                "equal": column == code,
                "at_least": column >= code,
                "at_most": column <= code,
                "less_than": column < code,
            }[operator]
    return found


def _many(book: Rulebook) -> None:
    logging.disable(logging.WARNING)
    people = {**population.made_up(book, MANY, 1), "first_conversation": np.zeros(MANY, dtype=np.int64)}
    lookups = {name: population.lookup(book.tables[name]) for name in ("route", "guarantee")}
    system, inputs = _system(book)

    def openfisca() -> dict[str, Any]:
        simulation = SimulationBuilder().build_default_simulation(system, count=MANY)
        simulation.trace = True
        for name in inputs:
            simulation.set_input(name, PERIOD, people[name])
        return {name: simulation.calculate(f"{name}_row", PERIOD) for name in lookups}

    def ours() -> dict[str, Any]:
        return {
            name: found.decide({fact: people[fact] for fact in found.table.facts})
            for name, found in lookups.items()
        }

    mine, theirs = ours(), openfisca()
    for name in lookups:
        assert (mine[name] == theirs[name]).all(), name
    found = {"route": (book.tables["route"], CITIZEN), "guarantee": (book.tables["guarantee"], GUARANTEE)}
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"rules": _zen_graph(found)}}})
    some = [
        {name: values_of(fact)[int(people[name][at])] for name, fact in {**CITIZEN, **GUARANTEE}.items()}
        for at in range(2_000)
    ]
    taken = _medians(
        {"ours": ours, "openfisca": openfisca, "zen": lambda: [engine.evaluate("rules", one) for one in some]}
    )
    zen_many = taken["zen"] * MANY / len(some)
    print(
        f"\nA million people, two tables with {sum(len(f.table.rows) for f in lookups.values())} rules, with row ids"
    )
    print(
        f"  ours {taken['ours'] * 1e3:.0f} ms, OpenFisca with trace {taken['openfisca'] * 1e3:.0f} ms, zen {zen_many:.1f} s (from 2,000)"
    )
    print(
        f"  {taken['openfisca'] / taken['ours']:.1f} x OpenFisca (bar 2), {zen_many / taken['ours']:.0f} x zen (bar 300)"
    )


# ------------------------------------------------------------------ questions


def asked_under(order: Order, choose: Callable[[Step, Mapping[int, list[Step]]], int]) -> float:
    """How many questions are asked on average if `choose` says which comes next."""
    known: dict[Step, float] = {}

    def expected(step: Step) -> float:
        if step not in known:
            choices = order.choices(step)
            if not choices:
                known[step] = 0.0
            else:
                axis = choose(step, choices)
                known[step] = 1 + sum(
                    share * expected(after)
                    for share, after in zip(order.shares[axis], choices[axis], strict=True)
                    if share
                )
        return known[step]

    return expected(order.at({}))


def _questions(book: Rulebook) -> None:
    order = order_of(book)
    # Everybody is asked everything whose gate is open: eight facts, and for the sick up to three more.
    plain = [axis for axis in range(len(order.facts)) if not order._gated[axis]]
    sick = order.shares[order.facts.index("benefit")][
        order.cells[order.facts.index("benefit")].mask_of("sygedagpenge").bit_length() - 1
    ]
    employed = order.shares[order.facts.index("employed")][1]
    clear = order.shares[order.facts.index("sickness_cause_clear")][1]
    everything = len(plain) + sick * (1 + employed * (1 + clear))
    table_order = asked_under(order, lambda _step, choices: min(choices))
    print("\nQuestions asked on average")
    print(
        f"  all of them {everything:.2f}, in the table's own order {table_order:.3f}, ours {order.expected():.3f} (the optimum)"
    )


# ------------------------------------------------------------------ proof


def _proof() -> None:
    """98 layered rulebooks, each with rules and figures of its own, 200 rules in each."""
    source = _with_rules(built_in()[-1], CHECKED_RULES)
    layers = [_layer(code, number) for number, code in enumerate(sorted(municipalities())) if code != "990"]
    shelf = Shelf((source,), tuple(layers))
    began = time.perf_counter()
    faults = [fault for layer in layers for fault in proof.check_municipality(shelf, layer.municipality, DAY)]
    taken = time.perf_counter() - began
    assert [fault for fault in faults if not fault.information] == []
    rules = len(list(shelf.in_force(layers[0].municipality, DAY).rows()))
    print(
        f"\nProof of {len(layers)} layered rulebooks with {rules} rules each: {taken:.1f} s (bar {LIMIT_OF_PROOF:.0f} s)"
    )


def _with_rules(source: Source, wanted: int) -> Source:
    """The national rulebook with more desk rows, until it has so many rules."""
    rows = sum(
        len(source.content.get(name, []))
        for name in ("route", "team", "contact", "offer", "guarantee", "akasse", "talks", "desk")
    )
    rows += sum(len(condition["row"]) for condition in source.content["condition"])
    more = [
        {
            "id": f"desk.more.{number}",
            "when": {
                "positions": {"at_least": 5 + number, "less_than": 6 + number},
                "sector": {"equal": "public"},
            },
            "then": {"team": "partnerskabsteam"},
            "law": "x",
            "confidence": "policy",
            "why": {"da": "x", "en": "x"},
        }
        for number in range(max(0, wanted - rows))
    ]
    desk = [dict(row) for row in source.content["desk"]]
    return replace(source, content={**source.content, "desk": [*desk[:2], *more, *desk[2:]]}, hash="bench")


def _layer(code: str, number: int) -> Source:
    text = (FOLDER / "municipal/990/2026-01-01.toml").read_text(encoding="utf-8").replace("990", code)
    text = text.replace("when.positions.at_least = 20", f"when.positions.at_least = {20 + number % 100}")
    return Source.of(text.replace("value = 8", f"value = {1 + number % 10}"), f"{code}.toml")


if __name__ == "__main__":
    main()
