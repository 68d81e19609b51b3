"""The team lead's board: promises at risk and broken, computed here and now from the rows, worker or no worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select, true

from portal.domain import conversation as talks
from portal.domain import placement as rules
from portal.store.database import Reader
from portal.store.tables import Booking, Breach, Conversation, PlacementCase, Slot, Team


@dataclass(frozen=True)
class Board:
    """The team lead's view: counts per team, and the promises that are broken or at risk."""

    talks_broken: int
    talks_at_risk: int
    answers_broken: int
    answers_due: int
    per_team: list[tuple[str, str, str, int, int, datetime | None]]


def _with_time(statement: Any) -> Any:
    """Conversations with the time they have, if any."""
    taken = and_(Booking.conversation_id == Conversation.id, Booking.active == true())
    return statement.outerjoin(Booking, taken).outerjoin(Slot, Slot.id == Booking.slot_id)


async def board(reader: Reader, today: date) -> Board:
    """Computed here and now from the rows themselves, worker or no worker."""
    late_talk = and_(
        Conversation.state.in_(sorted(talks.OPEN)),
        Conversation.waived_at.is_(None),
        Conversation.due_on < today,
    )
    no_time = or_(
        Conversation.state == talks.WAITING, func.date(Slot.starts_at) > func.date(Conversation.due_on)
    )
    risky_talk = and_(
        Conversation.state.in_(sorted(talks.OPEN)),
        no_time,
        Conversation.waived_at.is_(None),
        Conversation.due_on >= today,
    )
    late_answer = and_(
        PlacementCase.read_at.is_(None),
        PlacementCase.state.in_(sorted(rules.OPEN)),
        PlacementCase.answer_due_on < today,
    )
    due_answer = and_(
        PlacementCase.read_at.is_(None),
        PlacementCase.state.in_(sorted(rules.OPEN)),
        PlacementCase.answer_due_on >= today,
    )
    talk_counts = await reader.one(
        _with_time(
            select(func.count(case((late_talk, 1))), func.count(case((risky_talk, 1)))).select_from(
                Conversation
            )
        )
    )
    answer_counts = await reader.one(
        select(func.count(case((late_answer, 1))), func.count(case((due_answer, 1)))).select_from(
            PlacementCase
        )
    )
    open_talks = (
        _with_time(
            select(
                Conversation.team_id.label("team"),
                func.count().label("waiting"),
                func.count(case((or_(late_talk, risky_talk), 1))).label("red"),
                func.min(Conversation.asked_at).label("oldest"),
            ).select_from(Conversation)
        )
        .where(Conversation.state.in_(sorted(talks.OPEN)))
        .group_by(Conversation.team_id)
    )
    open_cases = (
        select(
            PlacementCase.team_id.label("team"),
            func.count().label("waiting"),
            func.count(case((late_answer, 1))).label("red"),
            func.min(PlacementCase.sent_at).label("oldest"),
        )
        .where(PlacementCase.state.in_(sorted(rules.OPEN)))
        .group_by(PlacementCase.team_id)
    )
    counted = {row.team: row for row in [*await reader.all(open_talks), *await reader.all(open_cases)]}
    teams = await reader.all(select(Team.id, Team.name_da, Team.name_en).order_by(Team.name_da))
    per_team = [
        (
            team.id,
            team.name_da,
            team.name_en,
            *((found.waiting, found.red, found.oldest) if found else (0, 0, None)),
        )
        for team in teams
        for found in [counted.get(team.id)]
    ]
    zero = (0, 0)
    broken, risk = talk_counts or zero
    answers_broken, answers_due = answer_counts or zero
    return Board(broken, risk, answers_broken, answers_due, per_team)


async def breaches(reader: Reader, most: int = 100) -> list[Breach]:
    """The register of broken promises, newest first."""
    return await reader.rows(select(Breach).order_by(Breach.found_at.desc()).limit(most))
