"""Who is here: teams, staff, citizens, companies, and who may act for whom."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field

from portal.store.columns import belongs, json_list, one_of, sealed_text, unique_while
from portal.store.tables.base import TenantRow


class Team(TenantRow, table=True):
    """`id` is the code the rulebook uses, e.g. virksomhedsteam."""

    name_da: str
    name_en: str
    kind: str  # citizen or employer
    __table_args__ = (one_of("kind", ("citizen", "employer")),)


class ClosingDay(TenantRow, table=True):
    """`id` is the day as an ISO date."""

    day: date
    note: str


class Staff(TenantRow, table=True):
    issuer: str
    subject: str
    name: str
    email: str
    role: str
    team_id: str | None = None
    active: bool = True
    __table_args__ = (
        Index("uq_staff_identity", "municipality", "issuer", "subject", unique=True),
        one_of("role", ("caseworker", "team_lead", "auditor", "administrator")),
        belongs("team_id", "team"),
    )


class Citizen(TenantRow, table=True):
    issuer: str
    subject: str
    name: str
    birth_date: date | None
    email: str = ""
    phone: str = ""
    channel: str = "email"
    address: str = ""
    protected_address: bool = False
    lang: str = "da"
    seen_on: date | None = (
        None  # the last day they logged in, or a conversation was asked for on their behalf
    )
    benefit: str | None = sealed_text()
    cpr: str | None = sealed_text()
    cpr_index: str | None = None  # keyed hash, this municipality's own: finds a number without holding it
    __table_args__ = (
        Index("uq_citizen_identity", "municipality", "issuer", "subject", unique=True),
        unique_while("uq_citizen_cpr", "cpr_index", where="cpr_index IS NOT NULL"),
        one_of("channel", ("email", "phone", "letter")),
    )


class Company(TenantRow, table=True):
    cvr: str
    name: str
    __table_args__ = (Index("uq_company_cvr", "municipality", "cvr", unique=True),)


class CompanyUser(TenantRow, table=True):
    issuer: str
    subject: str
    company_id: str
    name: str
    email: str = ""
    lang: str = "da"
    p_number: str = ""
    __table_args__ = (
        Index("uq_companyuser_identity", "municipality", "issuer", "subject", unique=True),
        belongs("company_id", "company"),
    )


class Relation(TenantRow, table=True):
    """Somebody a citizen lets stand beside them (companion) or act for them (power of attorney), in what and until
    when. A representative is known by their own login once they have entered the code."""

    citizen_id: str
    kind: str
    name: str
    scope: list[str] = json_list()
    starts_on: date
    ends_on: date
    recorded_at: datetime
    recorded_by: str
    code_hash: str | None = None
    representative_id: str | None = Field(default=None)
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    __table_args__ = (
        one_of("kind", ("companion", "power_of_attorney")),
        unique_while("uq_relation_code", "code_hash", where="code_hash IS NOT NULL"),
        Index("ix_relation_citizen", "municipality", "citizen_id"),
        Index("ix_relation_representative", "municipality", "representative_id"),
        belongs("citizen_id", "citizen"),
        belongs("representative_id", "citizen"),
    )
