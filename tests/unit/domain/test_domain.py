"""Days, ratios, slots and state machines: plain arithmetic, every role in every state."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import conversation, placement
from portal.domain.calendar import add_working_days, due_date, is_past, is_working_day, local_date
from portal.domain.capacity import slots
from portal.domain.errors import RefusedError
from portal.domain.people import Role
from portal.domain.transition import after, allowed
from portal.triage.workdays import ClosedDays

CLOSED = ClosedDays()
FIGURES = placement.RatioFigures(50, 5, 10, 1, 37)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC)), st.integers(0, 30))
def test_the_latest_bookable_day_is_a_working_day_between_asking_and_due(
    asked_at: datetime, days: int
) -> None:
    due = due_date(asked_at, days, CLOSED)
    asked_on = local_date(asked_at)
    assert due.due_on == asked_on + timedelta(days=days)
    working = [
        asked_on + timedelta(days=n)
        for n in range(days + 1)
        if is_working_day(asked_on + timedelta(days=n), CLOSED)
    ]
    assert due.latest_bookable == (working[-1] if working else None)


def test_no_working_day_left_means_none() -> None:
    asked = datetime(
        2026, 12, 24, 23, 30, tzinfo=UTC
    )  # Christmas Day in Copenhagen, a Friday; Sunday is the last day
    assert due_date(asked, 2, CLOSED).latest_bookable is None


def test_store_bededag_ended_and_half_holidays_are_working_days() -> None:
    assert date(2023, 5, 5) in CLOSED
    assert date(2024, 4, 26) not in CLOSED
    for day in (date(2026, 6, 5), date(2026, 12, 24), date(2026, 12, 31)):
        assert day not in CLOSED
    assert date(2026, 12, 24) in ClosedDays([date(2026, 12, 24)])


def test_a_due_date_ends_where_the_next_local_day_begins() -> None:
    due = date(2026, 10, 25)  # the day the clock goes back
    assert not is_past(due, datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC))
    assert is_past(due, datetime(2026, 10, 25, 23, 0, tzinfo=UTC))


def test_working_days_skip_easter() -> None:
    assert add_working_days(date(2027, 3, 22), 5, CLOSED) == date(2027, 4, 1)


@given(
    st.decimals(0, 500, places=2),
    st.decimals(0, 50, places=2),
    st.integers(1, 200),
    st.decimals("0.1", 60, places=1),
)
def test_the_largest_number_of_positions_is_the_last_that_passes(
    ordinary: Decimal, supported: Decimal, positions: int, hours: Decimal
) -> None:
    found = placement.ratio(
        ordinary=ordinary, supported=supported, positions=positions, weekly_hours=hours, figures=FIGURES
    )
    assert found.largest is not None

    def room(count: int) -> bool:
        return (
            placement.ratio(
                ordinary=ordinary, supported=supported, positions=count, weekly_hours=hours, figures=FIGURES
            ).room
            >= 0
        )

    assert found.largest == 0 or room(found.largest)
    assert not room(found.largest + 1)


def test_figures_are_exact() -> None:
    found = placement.ratio(
        ordinary=15, supported=Decimal("0.6"), positions=3, weekly_hours=Decimal("29.6"), figures=FIGURES
    )
    assert found.asked == 3
    assert found.room == 0


def test_slots_lie_on_working_days_and_keep_the_wall_clock_over_dst() -> None:
    found = list(slots(date(2026, 10, 23), date(2026, 10, 26), [time(9)], 45, CLOSED))
    assert found == [datetime(2026, 10, 23, 7, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)]
    with pytest.raises(ValueError, match="closer than 45"):
        list(slots(date(2026, 10, 23), date(2026, 10, 23), [time(9), time(9, 30)], 45, CLOSED))


MACHINES = {
    "conversation": (conversation.TRANSITIONS, conversation.STATES),
    "placement": (placement.TRANSITIONS, placement.STATES),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_transition_over_all_roles_and_states(machine: str) -> None:
    transitions, states = MACHINES[machine]
    tried = 0
    for name, role, state in itertools.product(transitions, Role, states):
        tried += 1
        rule = transitions[name]
        if role in rule.roles and state in rule.sources:
            assert after(transitions, name, state, role) == (rule.target or state)
            assert name in allowed(transitions, state, role)
        else:
            with pytest.raises(RefusedError):
                after(transitions, name, state, role)
            assert name not in allowed(transitions, state, role)
    assert tried == len(transitions) * len(Role) * len(states)


def test_only_the_citizens_own_choice_past_the_due_date_waives() -> None:
    due = date(2026, 12, 3)
    assert conversation.waives_promise(Role.CITIZEN, date(2026, 12, 4), due)
    assert not conversation.waives_promise(Role.CITIZEN, due, due)
    for role in set(Role) - {Role.CITIZEN}:
        assert not conversation.waives_promise(role, date(2027, 1, 1), due)


def test_nobody_decides_or_sends_from_the_wrong_end() -> None:
    assert {name for name, rule in placement.TRANSITIONS.items() if Role.AUDITOR in rule.roles} == set()
    assert {name for name, rule in placement.TRANSITIONS.items() if Role.EMPLOYER in rule.roles} == {
        "save",
        "send",
        "add_information",
        "answer",
        "withdraw",
    }
