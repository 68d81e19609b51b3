"""What a municipality is made of: its teams, closing days, staff and settings."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from portal.store.database import Reader
from portal.store.tables import ClosingDay, Staff, Team
from portal.triage.workdays import ClosedDays


async def closed_days(reader: Reader) -> ClosedDays:
    """The days nobody works here: the statutory holidays and the municipality's own closing days."""
    return ClosedDays(day for (day,) in await reader.all(select(ClosingDay.day)))


async def closing_days(reader: Reader, since: date) -> list[ClosingDay]:
    statement = select(ClosingDay).where(ClosingDay.day >= since).order_by(ClosingDay.day)
    return await reader.rows(statement)


async def teams(reader: Reader, kind: str | None = None) -> list[Team]:
    statement = select(Team).order_by(Team.name_da)
    return await reader.rows(statement if kind is None else statement.where(Team.kind == kind))


async def staff(reader: Reader) -> list[Staff]:
    return await reader.rows(select(Staff).order_by(Staff.name))


async def team_names(reader: Reader) -> dict[str, dict[str, str]]:
    """Every team's name in both languages, by code."""
    return {team.id: {"da": team.name_da, "en": team.name_en} for team in await teams(reader)}
