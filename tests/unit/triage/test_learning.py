"""What is learnt from examples: at once, the same every time, kept only with its own examples, and right where it is sure."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest

from portal.triage.facts import CITIZEN
from portal.triage.understanding import examples, understand, weighing
from portal.triage.understanding.examples import DAY, FACTS, Example, learn
from portal.triage.understanding.grammar import listed
from portal.triage.understanding.marks import Learnt, marks_of
from tests.unit.triage.utterances.score import TUNING, UNREAD, read

LONG = 25  # letters; shorter answers ("nej", "3 måneder") are anybody's


@pytest.fixture(scope="module")
def every() -> Sequence[Example]:
    return examples.examples()


@pytest.fixture(scope="module")
def others(every: Sequence[Example]) -> Mapping[str, Learnt]:
    """What four fifths of the examples teach."""
    return learn([one for one in every if zlib.crc32(one.text.encode()) % 5])


def test_examples_are_values_there_are(every: Sequence[Example]) -> None:
    assert len(every) > 9000
    for one in every:
        assert one.question in {*CITIZEN, "open"}
        for name, value in one.facts.items():
            assert CITIZEN[name].parse(value) == value
        for name, values in one.also.items():
            assert [CITIZEN[name].parse(value) for value in values] == list(values)


def test_nothing_that_is_counted_was_learnt(every: Sequence[Example]) -> None:
    learnt = {one.text for one in every}
    for file in (TUNING, *UNREAD):
        assert not {case["text"] for case in read(file) if len(case["text"]) > LONG} & learnt


def test_an_example_more_is_learnt_at_once(every: Sequence[Example]) -> None:
    text = "min snurretop driller, så halve dage"
    few = every[::4]
    more = learn([*few, *[Example("health", text, {"health": "some"}, {})] * 5])
    with patch.object(weighing, "learnt", lambda: more):
        assert understand("health", text, "da", DAY).facts == {"health": "some"}
    marks = marks_of(text.split())
    assert learn(few)["health"].weigh(marks)["some"] < more["health"].weigh(marks)["some"]


def test_what_is_kept_is_what_was_learnt(
    every: Sequence[Example], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = every[::20]
    monkeypatch.setattr(examples, "examples", lambda: few)
    monkeypatch.setattr(examples, "LEARNT", tmp_path / "learnt.npz")
    fresh = examples.learnt.__wrapped__()
    examples.keep()
    monkeypatch.setattr(examples, "learn", lambda _: pytest.fail("learnt anew"))
    kept = examples.learnt.__wrapped__()
    assert kept.keys() == fresh.keys()
    for name, table in fresh.items():
        for one in few[::50]:
            marks = marks_of(one.text.split())
            assert kept[name].weigh(marks) == table.weigh(marks)


def test_what_was_learnt_from_other_examples_is_not_used(
    every: Sequence[Example], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(examples, "examples", lambda: every[::20])
    monkeypatch.setattr(examples, "LEARNT", tmp_path / "learnt.npz")
    examples.keep()
    monkeypatch.setattr(examples, "checksum", lambda: "of another file")
    anew: dict[str, Learnt] = {}
    monkeypatch.setattr(examples, "learn", lambda _: anew)
    assert examples.learnt.__wrapped__() is anew


@pytest.mark.parametrize("fact", FACTS)
def test_what_was_not_learnt_from_is_right_where_it_is_sure(
    every: Sequence[Example], others: Mapping[str, Learnt], fact: str
) -> None:
    """A fifth of the examples, read by what was learnt from the others. Most of them were written to be hard."""
    held = [one for one in every if one.question == fact and zlib.crc32(one.text.encode()) % 5 == 0]
    shown = right = found = 0
    with patch.object(weighing, "learnt", lambda: others):
        for one in held:
            value = understand(fact, one.text, "da", DAY).facts.get(fact)
            shown += value is not None
            right += value is not None and one.says(fact, value)
            found += fact in one.facts and value == one.facts[fact]
    assert right / shown >= 0.94
    assert found / sum(fact in one.facts for one in held) >= 0.6


def test_a_question_back_is_no_answer() -> None:
    assert understand("readiness", "Klar til hvad?", "da", DAY).facts == {}
    assert understand("open", "Hvis jeg flytter til Danmark, får jeg så dagpenge?", "da", DAY).facts == {}


def test_thresholds_are_there_for_all_that_is_weighed() -> None:
    assert set(listed("thresholds")["answers"]) == set(FACTS)
    assert set(listed("thresholds")["open"]) == {*FACTS, examples.PERIODS}
