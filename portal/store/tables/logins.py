"""Being logged in, and what is counted: sessions, used logins, attempts, forms already carried out."""

from datetime import datetime

from sqlalchemy import Index

from portal.store.tables.base import TenantRow


class LoginSession(TenantRow, table=True):
    """`id` is the SHA-256 of the 256-bit token in the cookie; the forms' own token is made from the same one."""

    person_id: str
    role: str
    name: str
    unit: str
    lang: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None
    relation_id: str = ""  # the power of attorney it rests on, when somebody acts for another
    by_id: str = ""  # who then acts
    by_name: str = ""
    issuer: str = (
        ""  # who vouched, and for which subject and session there: for a logout that comes from there
    )
    subject: str = ""
    provider_session: str = ""
    __table_args__ = (
        Index("ix_loginsession_person", "municipality", "person_id"),
        Index("ix_loginsession_subject", "municipality", "issuer", "subject"),
    )


class Attempt(TenantRow, table=True):
    """One attempt at something limited (login, candidate code), by action and who tried."""

    action: str
    who: str
    at: datetime
    __table_args__ = (Index("ix_attempt_recent", "municipality", "action", "who", "at"),)


class RequestKey(TenantRow, table=True):
    """A writing form that was carried out: `id` is the form's key, `result` the address its answer led to."""

    actor_id: str
    result: str
    at: datetime


class UsedLogin(TenantRow, table=True):
    """A login answer that has been taken: `id` is the SHA-256 of its state, which is good for one login only."""

    at: datetime


class RateWindow(TenantRow, table=True):
    """How often somebody did something limited in one stretch of time: `id` names action, who and stretch."""

    count: int
    ends_at: datetime
    __table_args__ = (Index("ix_ratewindow_end", "municipality", "ends_at"),)
