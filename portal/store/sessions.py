"""Login sessions: a 256-bit token in the cookie, its SHA-256 here. Made at login only, revocable, ended by time.

An id the browser brings is never adopted; a new login gets a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from portal.domain.people import STAFF, Actor, Role
from portal.store.database import Reader, Store, Unit, new_id
from portal.store.tables import Attempt, Citizen, Company, CompanyUser, LoginSession, Staff

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
LONGEST_STAFF = timedelta(hours=8)
TOUCH = timedelta(minutes=1)
TOO_MANY = 10
TRY_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True)
class Present:
    """Somebody logged in: who, the session's secret for forms, and when it ends if nothing is done."""

    actor: Actor
    session_id: str
    csrf: str
    lang: str
    ends_at: datetime


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(token: str) -> str:
    """The session's own secret for forms: made from the cookie's token, kept nowhere."""
    return hmac.new(token.encode(), b"forms", hashlib.sha256).hexdigest()


async def present(store: Store, municipality: str, token: str, now: datetime) -> Present | None:
    """Who holds `token` here and now, or None. Using a session keeps it alive up to its longest."""
    session_id = hashed(token)
    async with store.reading(municipality) as reader:
        row = await reader.find(LoginSession, session_id)
    if row is None or row.revoked_at is not None or now >= min(row.ends_at, row.seen_at + IDLE):
        return None
    actor = Actor(municipality, row.person_id, Role(row.role), row.name, row.unit)
    if now - row.seen_at >= TOUCH:
        async with store.writing(actor, now) as unit:
            await unit.session.execute(
                update(LoginSession)
                .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
                .values(seen_at=now)
            )
            await unit.commit(unnoted=True)
    return Present(actor, session_id, form_token(token), row.lang, min(row.ends_at, now + IDLE))


def log_in(unit: Unit, actor: Actor, lang: str) -> str:
    """A new session for `actor`; gives the token for the cookie, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    longest = LONGEST_STAFF if actor.role in STAFF else LONGEST
    unit.add(
        LoginSession(
            municipality=unit.municipality,
            id=hashed(token),
            person_id=actor.id,
            role=actor.role.value,
            name=actor.name,
            unit=actor.unit,
            lang=lang,
            created_at=unit.now,
            seen_at=unit.now,
            ends_at=unit.now + longest,
        )
    )
    return token


async def log_out(unit: Unit, session_id: str) -> None:
    row = await unit.find(LoginSession, session_id)
    if row is not None:
        row.revoked_at = unit.now


async def revoke_all(unit: Unit, person_id: str) -> None:
    """Every session of a person ends: their role or access has changed."""
    await unit.session.execute(
        update(LoginSession)
        .where(LoginSession.person_id == person_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=unit.now)
    )


async def identify(reader: Reader, issuer: str, subject: str) -> Actor | None:
    """The person a login provider vouches for, in this municipality, or None."""
    found = await reader.one(
        select(Citizen.id, Citizen.name).where(Citizen.issuer == issuer, Citizen.subject == subject)
    )
    if found is not None:
        return Actor(reader.municipality, found.id, Role.CITIZEN, found.name)
    found = await reader.one(
        select(CompanyUser.id, CompanyUser.name, CompanyUser.company_id).where(
            CompanyUser.issuer == issuer, CompanyUser.subject == subject
        )
    )
    if found is not None:
        return Actor(reader.municipality, found.id, Role.EMPLOYER, found.name, found.company_id)
    found = await reader.one(
        select(Staff.id, Staff.name, Staff.role, Staff.team_id).where(
            Staff.issuer == issuer, Staff.subject == subject, Staff.active.is_(True)
        )
    )
    if found is not None:
        return Actor(reader.municipality, found.id, Role(found.role), found.name, found.team_id or "")
    return None


async def demo_people(reader: Reader, issuer: str) -> dict[str, list[tuple[str, str]]]:
    """Who can log in with the demo login: (subject, what to call them), for each door."""
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
    return {
        "citizen": [(row[0], row[1]) for row in citizens],
        "employer": [(row[0], f"{row[1]}, {row[2]}") for row in companies],
        "staff": [(row[0], ", ".join(filter(None, (row[1], row[2], row[3])))) for row in staff],
    }


async def too_many(reader: Reader, action: str, who: str, now: datetime) -> bool:
    """Whether `who` has failed at `action` so often that it must wait."""
    found = await reader.one(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.action == action, Attempt.who == who, Attempt.at > now - TRY_AGAIN)
    )
    return bool(found and found[0] >= TOO_MANY)


def failed(unit: Unit, action: str, who: str) -> None:
    unit.add(Attempt(municipality=unit.municipality, id=new_id(), action=action, who=who, at=unit.now))
