"""Login sessions: a 256-bit token in the cookie, its SHA-256 here. Made at login only, revocable, ended by time.

An id the browser brings is never adopted; a new login gets a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, func, or_, select, update

from portal.domain.calendar import local_date
from portal.domain.people import STAFF, Actor, Role
from portal.store.database import AlreadyThereError, Reader, Store, Unit, new_id
from portal.store.tables import Attempt, LoginSession, Relation, UsedLogin

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
        relation = await reader.find(Relation, row.relation_id) if row and row.relation_id else None
    if row is None or row.revoked_at is not None or now >= min(row.ends_at, row.seen_at + IDLE):
        return None
    if row.relation_id and not _acts(row, relation, local_date(now)):
        return None
    actor = Actor(
        municipality,
        row.person_id,
        Role(row.role),
        row.name,
        row.unit,
        by_id=row.by_id,
        by_name=row.by_name,
        scope=tuple(relation.scope) if relation else (),
    )
    if now - row.seen_at >= TOUCH:
        async with store.writing(actor, now) as unit:
            await unit.session.execute(
                update(LoginSession)
                .where(LoginSession.id == session_id, LoginSession.revoked_at.is_(None))
                .values(seen_at=now)
            )
            await unit.commit(unnoted=True)
    return Present(actor, session_id, form_token(token), row.lang, min(row.ends_at, now + IDLE))


def _acts(row: LoginSession, relation: Relation | None, today: date) -> bool:
    """Whether the power of attorney a session rests on still holds, for just these two."""
    return (
        relation is not None
        and relation.ended_at is None
        and relation.starts_on <= today <= relation.ends_on
        and (relation.citizen_id, relation.representative_id) == (row.person_id, row.by_id)
    )


@dataclass(frozen=True)
class Vouched:
    """Who vouched for somebody, and as whom: so that a logout that comes from there finds the session."""

    issuer: str = ""
    subject: str = ""
    session: str = ""


def log_in(
    unit: Unit,
    actor: Actor,
    lang: str,
    vouched: Vouched | None = None,
    relation_id: str = "",
    ends_at: datetime | None = None,
) -> str:
    """A new session for `actor`, up to its longest or `ends_at`; gives the token for the cookie, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    vouched = vouched or Vouched()
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
            ends_at=ends_at or unit.now + longest,
            relation_id=relation_id,
            by_id=actor.by_id,
            by_name=actor.by_name,
            issuer=vouched.issuer,
            subject=vouched.subject,
            provider_session=vouched.session,
        )
    )
    return token


async def is_known(reader: Reader, session_id: str) -> bool:
    return await reader.find(LoginSession, session_id) is not None


async def log_out(unit: Unit, session_id: str) -> None:
    row = await unit.find(LoginSession, session_id)
    if row is not None:
        row.revoked_at = unit.now


async def switch(unit: Unit, session_id: str, actor: Actor, lang: str, relation_id: str = "") -> str | None:
    """A new session for `actor` in place of one that is still alive, with the same end and vouched for by the same; gives
    its token. None when the old one has ended meanwhile: nothing is revived."""
    rows = await unit.rows(
        select(LoginSession).where(LoginSession.id == session_id).with_for_update(key_share=True)
    )
    if not rows or rows[0].revoked_at is not None or unit.now >= min(rows[0].ends_at, rows[0].seen_at + IDLE):
        return None
    old: LoginSession = rows[0]
    old.revoked_at = unit.now
    vouched = Vouched(old.issuer, old.subject, old.provider_session)
    return log_in(unit, actor, lang, vouched, relation_id, ends_at=old.ends_at)


async def revoke_relation(unit: Unit, relation_id: str) -> None:
    """Every session that rests on a power of attorney ends."""
    await unit.session.execute(
        update(LoginSession)
        .where(LoginSession.relation_id == relation_id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=unit.now)
    )


async def revoke_all(unit: Unit, person_id: str) -> None:
    """Every session of a person ends, also those in which they act for another: their login, role or access has changed."""
    theirs = or_(LoginSession.person_id == person_id, LoginSession.by_id == person_id)
    await unit.session.execute(
        update(LoginSession).where(theirs, LoginSession.revoked_at.is_(None)).values(revoked_at=unit.now)
    )


async def end_vouched(unit: Unit, vouched: Vouched) -> int:
    """Sessions the provider says have ended: that one session, and those of the subject's that name no session of the
    provider's (all of the subject's, when it names none itself); gives how many were open."""
    theirs = and_(LoginSession.subject == vouched.subject, LoginSession.subject != "")
    unnamed = and_(theirs, LoginSession.provider_session == "")
    named = or_(LoginSession.provider_session == vouched.session, unnamed) if vouched.session else theirs
    ended = await unit.session.execute(
        update(LoginSession)
        .where(LoginSession.issuer == vouched.issuer, named, LoginSession.revoked_at.is_(None))
        .values(revoked_at=unit.now)
    )
    return int(ended.rowcount)


async def use_once(unit: Unit, what: str) -> bool:
    """Whether this answer of a login provider is new; from now on it is not."""
    unit.add(UsedLogin(municipality=unit.municipality, id=hashed(what), at=unit.now))
    try:
        await unit.flush()
    except AlreadyThereError:
        return False
    return True


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
