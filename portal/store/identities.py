"""Persons as login providers know them: found again by issuer and subject, or made at their first login here."""

from __future__ import annotations

from sqlalchemy import select

from portal.domain.calendar import local_date
from portal.domain.errors import RefusedError
from portal.domain.identity import CitizenIdentity, EmployerIdentity, Identity, StaffIdentity
from portal.domain.people import Actor, Role
from portal.store import journal, sessions
from portal.store.database import Unit, new_id
from portal.store.keys import KeyRing
from portal.store.tables import Citizen, Company, CompanyUser, Staff, Team

WITHHELD = "Beskyttet navn"


def cpr_index(ring: KeyRing, municipality: str, cpr: str) -> str:
    """What a CPR number is found by, in one municipality."""
    return ring.blind("citizen.cpr", municipality, cpr)


async def recognise(unit: Unit, who: Identity) -> Actor:
    """The person in this municipality, with what the provider now says of them. RefusedError("login.ended") for a member
    of staff whose access has been ended here; AlreadyThereError when a second first login was faster."""
    if isinstance(who, CitizenIdentity):
        return await _citizen(unit, who)
    if isinstance(who, EmployerIdentity):
        return await _company_user(unit, who)
    return await _staff(unit, who)


async def _citizen(unit: Unit, who: CitizenIdentity) -> Actor:
    rows = await unit.rows(
        select(Citizen)
        .where(Citizen.issuer == who.issuer, Citizen.subject == who.subject)
        .with_for_update(key_share=True)
    )
    index = cpr_index(unit.ring, unit.municipality, who.cpr) if who.cpr else None
    row: Citizen | None = rows[0] if rows else await _by_number(unit, index, who)
    if row is None:
        row = Citizen(
            municipality=unit.municipality,
            id=new_id(),
            issuer=who.issuer,
            subject=who.subject,
            name=who.name or WITHHELD,
            birth_date=who.birth_date,
            cpr=who.cpr,
            cpr_index=index,
            protected_address=who.protected,
        )
        unit.add(row)
        journal.note(unit, "person.registered", "citizen", row.id)
    row.name = who.name or row.name
    row.birth_date = who.birth_date or row.birth_date
    row.protected_address = row.protected_address or who.protected
    row.seen_on = local_date(unit.now)
    if who.cpr and row.cpr != who.cpr:
        row.cpr, row.cpr_index = who.cpr, index
    await unit.flush()
    return Actor(unit.municipality, row.id, Role.CITIZEN, row.name)


async def _by_number(unit: Unit, index: str | None, who: CitizenIdentity) -> Citizen | None:
    """The same person under another login (a new provider, a new MitID): the number says so."""
    if index is None:
        return None
    rows = await unit.rows(select(Citizen).where(Citizen.cpr_index == index).with_for_update(key_share=True))
    if not rows:
        return None
    row: Citizen = rows[0]
    row.issuer, row.subject = who.issuer, who.subject
    await sessions.revoke_all(unit, row.id)
    journal.note(unit, "login.linked", "citizen", row.id)
    return row


async def _company_user(unit: Unit, who: EmployerIdentity) -> Actor:
    companies = await unit.rows(select(Company).where(Company.cvr == who.cvr))
    company: Company | None = companies[0] if companies else None
    if company is None:
        company = Company(municipality=unit.municipality, id=new_id(), cvr=who.cvr, name=who.company)
        unit.add(company)
        await unit.flush()
        journal.note(unit, "person.registered", "company", company.id)
    rows = await unit.rows(
        select(CompanyUser)
        .where(CompanyUser.issuer == who.issuer, CompanyUser.subject == who.key)
        .with_for_update(key_share=True)
    )
    row: CompanyUser | None = rows[0] if rows else None
    if row is None:
        row = CompanyUser(
            municipality=unit.municipality,
            id=new_id(),
            issuer=who.issuer,
            subject=who.key,
            company_id=company.id,
            name=who.name,
            email=who.email,
        )
        unit.add(row)
        journal.note(unit, "person.registered", "companyuser", row.id)
    row.name, row.p_number = who.name, who.p_number
    row.email = row.email or who.email
    await unit.flush()
    return Actor(unit.municipality, row.id, Role.EMPLOYER, row.name, row.company_id)


async def _staff(unit: Unit, who: StaffIdentity) -> Actor:
    """Role and team follow the groups at every login; access ended here stays ended."""
    rows = await unit.rows(
        select(Staff)
        .where(Staff.issuer == who.issuer, Staff.subject == who.subject)
        .with_for_update(key_share=True)
    )
    row: Staff | None = rows[0] if rows else None
    team = who.team if who.team and await unit.find(Team, who.team) else None
    if row is None:
        row = Staff(
            municipality=unit.municipality,
            id=new_id(),
            issuer=who.issuer,
            subject=who.subject,
            name=who.name,
            email=who.email,
            role=who.role,
            team_id=team,
        )
        unit.add(row)
        journal.note(unit, "person.registered", "staff", row.id, role=who.role)
    if not row.active:
        raise RefusedError("login.ended")
    if row.role != who.role or (team is not None and row.team_id != team):
        row.role, row.team_id = who.role, team or row.team_id
        await sessions.revoke_all(unit, row.id)
        journal.note(unit, "staff.changed", "staff", row.id, role=who.role, active=True)
    row.name, row.email = who.name, who.email or row.email
    await unit.flush()
    return Actor(unit.municipality, row.id, Role(row.role), row.name, row.team_id or "")
