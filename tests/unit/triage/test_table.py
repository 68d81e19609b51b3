"""The engine against brute force: what is possible, what matters, and when it is settled."""

from __future__ import annotations

import itertools
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.triage.dialogue import outcome_of, standing
from portal.triage.facts import CITIZEN
from portal.triage.shelf import rulebook_on

BOOK = rulebook_on(date(2026, 11, 23))
TABLE = BOOK.tables["route"]
EXAMPLES = {name: cells.examples for name, cells in zip(TABLE.facts, TABLE.cells, strict=True)}


def _brute(known: dict) -> tuple[set, set]:
    """Outcomes over all completions, and the facts a single answer of which can change the outcome."""
    unknown = [name for name in TABLE.facts if name not in known]
    found = {}
    for values in itertools.product(*(EXAMPLES[name] for name in unknown)):
        row = TABLE.first({**known, **dict(zip(unknown, values, strict=True))})
        assert row is not None
        found[values] = outcome_of(BOOK, row)
    matter = set()
    for values, outcome in found.items():
        for position, name in enumerate(unknown):
            if name not in matter:
                for other in EXAMPLES[name]:
                    if found[(*values[:position], other, *values[position + 1 :])] != outcome:
                        matter.add(name)
    return set(found.values()), matter


def _value(name: str) -> st.SearchStrategy:
    fact = CITIZEN[name]
    if fact.kind == "flag":
        return st.booleans()
    return st.sampled_from(fact.values) if fact.kind == "choice" else st.integers(fact.low, fact.high)


_people = st.fixed_dictionaries(
    {}, optional={name: _value(name) for name in TABLE.facts if name != "wants_person"}
)


@settings(max_examples=120, deadline=None)
@given(_people.filter(lambda facts: len(facts) >= 3))
def test_settled_possible_and_worth_asking_are_exact(facts: dict) -> None:
    known = {"wants_person": False, **facts}
    outcomes, matter = _brute(known)
    where = standing(BOOK, known)
    unclear = where.rows[0].id == "route.unclear"
    if not unclear:
        assert set(where.outcomes) == outcomes
        assert where.settled == (len(outcomes) == 1)
    open_gates = {name for name in matter if BOOK.questions[name].gate_open(known)}
    assert set(where.ask) == open_gates
    assert unclear == (len(outcomes) > 1 and not open_gates)


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({name: _value(name) for name in TABLE.facts}))
def test_a_complete_person_gets_the_first_row_that_holds(facts: dict) -> None:
    where = standing(BOOK, facts)
    assert [row.id for row in where.rows] == [TABLE.first(facts).id]
    assert where.settled


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries({name: _value(name) for name in TABLE.facts if name != "wants_person"}), st.data()
)
def test_every_walk_ends_with_what_complete_facts_say(person: dict, data: st.DataObject) -> None:
    known: dict = {}
    while not (where := standing(BOOK, known)).settled:
        asked = data.draw(st.sampled_from(where.ask))
        known[asked] = person[asked]
    assert where.outcome == outcome_of(BOOK, TABLE.first({"wants_person": False, **person}))


def test_declining_all_that_is_asked_ends_with_a_person() -> None:
    declined: list[str] = []
    while not (where := standing(BOOK, {}, declined)).settled:
        declined.append(where.ask[0])
    assert where.outcome.route == "talk_to_a_person"
    assert where.outcome.team == "modtagelse"
    assert where.outcome.contact_interval_days == 91
    assert [row.id for row in where.rows] == ["route.unclear"]
