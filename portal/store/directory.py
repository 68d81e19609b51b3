"""Who can choose to be whom in the demo, and what the demo's login then says of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.store.database import Reader
from portal.store.tables import Citizen, Company, CompanyUser, Staff


async def demo_people(reader: Reader, issuer: str) -> list[tuple[str, str]]:
    """Everybody of one door: (subject, what to call them)."""
    citizens = await reader.all(
        select(Citizen.subject, Citizen.name).where(Citizen.issuer == issuer).order_by(Citizen.name)
    )
    companies = await reader.all(
        select(CompanyUser.subject, CompanyUser.name, Company.name)
        .join(Company, Company.id == CompanyUser.company_id)
        .where(CompanyUser.issuer == issuer)
        .order_by(Company.name)
    )
    staff = await reader.all(
        select(Staff.subject, Staff.name, Staff.role, Staff.team_id)
        .where(Staff.issuer == issuer, Staff.active.is_(True))
        .order_by(Staff.name)
    )
    return [(row[0], ", ".join(filter(None, row[1:]))) for row in (*citizens, *companies, *staff)]


async def demo_claims(reader: Reader, issuer: str, subject: str) -> dict[str, Any] | None:
    """What the demo's login says of a person it knows; None for anybody else."""
    citizen = await reader.one(
        select(Citizen.id, Citizen.name, Citizen.birth_date, Citizen.cpr).where(
            Citizen.issuer == issuer, Citizen.subject == subject
        )
    )
    if citizen is not None:
        born = citizen.birth_date.isoformat() if citizen.birth_date else ""
        return {"name": citizen.name, "birthdate": born, "cpr": citizen.cpr or ""}
    user = await reader.one(
        select(CompanyUser.name, CompanyUser.email, Company.name, Company.cvr)
        .join(Company, Company.id == CompanyUser.company_id)
        .where(CompanyUser.issuer == issuer, CompanyUser.subject == subject)
    )
    if user is not None:
        return {
            "name": user[0],
            "email": user[1],
            "org_name": user[2],
            "cvr": user[3],
            "rid": subject.partition("/")[2],
        }
    staff = await reader.one(
        select(Staff.name, Staff.email, Staff.role).where(
            Staff.issuer == issuer, Staff.subject == subject, Staff.active.is_(True)
        )
    )
    return {"name": staff[0], "email": staff[1], "groups": [staff[2]]} if staff is not None else None
