"""The tables. Every row but the list of municipalities belongs to one municipality, and every key says so.

Rows never leave `store` towards templates: queries give plain facts. No relations are mapped, so nothing loads lazily.
"""

# No `from __future__ import annotations` here: SQLModel reads the annotations.
from datetime import date, datetime

from sqlalchemy import Index, String, column
from sqlmodel import Field, SQLModel

from portal.domain import conversation, placement
from portal.store.columns import Facts, belongs, json_facts, one_of, unique_while


class Municipality(SQLModel, table=True):
    """Public: which municipalities this installation serves, and their own settings inside the guard rails."""

    code: str = Field(primary_key=True, max_length=3)
    slug: str = Field(unique=True)
    name: str
    phone: str
    email: str
    address: str
    opening_hours: Facts = json_facts()
    guarantee_days: int | None = None
    lead_days: int | None = None
    answer_days: int | None = None


class TenantRow(SQLModel):
    """A row of one municipality. `id` is random (128 bits) unless a table says otherwise."""

    municipality: str = Field(primary_key=True, max_length=3, foreign_key="municipality.code")
    id: str = Field(primary_key=True, max_length=64)


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
    benefit: str | None = None
    __table_args__ = (
        Index("uq_citizen_identity", "municipality", "issuer", "subject", unique=True),
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
    __table_args__ = (
        Index("uq_companyuser_identity", "municipality", "issuer", "subject", unique=True),
        belongs("company_id", "company"),
    )


class LoginSession(TenantRow, table=True):
    """`id` is the SHA-256 of the 256-bit token in the cookie."""

    person_id: str
    role: str
    name: str
    unit: str
    csrf: str
    lang: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    revoked_at: datetime | None = None


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


class Slot(TenantRow, table=True):
    """A time one caseworker can hold one conversation. Times lie on a grid, so two of a person never overlap."""

    staff_id: str
    team_id: str
    starts_at: datetime
    minutes: int
    in_person: bool = True
    phone: bool = True
    video: bool = True
    withdrawn: bool = False  # the caseworker cannot be there after all
    __table_args__ = (
        Index("uq_slot_time", "municipality", "staff_id", "starts_at", unique=True),
        Index("ix_slot_team", "municipality", "team_id", "starts_at"),
        belongs("staff_id", "staff"),
        belongs("team_id", "team"),
    )


class Conversation(TenantRow, table=True):
    """A citizen's request for a conversation, with the promise made when it was asked for."""

    citizen_id: str
    asked_at: datetime
    asked_by: str
    asked_via: str
    about: str = ""
    form: str
    language: str = ""
    interpreter: bool = False
    state: str
    guarantee_days: int
    due_on: date
    latest_bookable: date | None
    promise: Facts = json_facts()
    waived_at: datetime | None = None
    held_on: date | None = None
    team_id: str
    routed_because: Facts = json_facts()
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    version: int = 1
    __table_args__ = (
        one_of("state", conversation.STATES),
        one_of("form", ("in_person", "phone", "video")),
        one_of("asked_via", ("portal", "phone")),
        unique_while("uq_conversation_open", "citizen_id", where="state IN ('waiting', 'booked')"),
        Index("ix_conversation_due", "municipality", "state", "due_on"),
        belongs("citizen_id", "citizen"),
        belongs("team_id", "team"),
        belongs("claimed_by", "staff"),
    )


class Booking(TenantRow, table=True):
    """A slot taken for a conversation. The index makes two active bookings of one slot impossible."""

    conversation_id: str
    slot_id: str
    active: bool = True
    booked_at: datetime
    booked_by: str
    __table_args__ = (
        unique_while("uq_booking_slot", "slot_id", where="active"),
        unique_while("uq_booking_conversation", "conversation_id", where="active"),
        belongs("conversation_id", "conversation"),
        belongs("slot_id", "slot"),
    )


class Breach(TenantRow, table=True):
    """A promise that was not kept, found by sweep: once per promise."""

    kind: str
    subject_id: str
    due_on: date
    found_at: datetime
    cause: str
    __table_args__ = (
        Index("uq_breach_once", "municipality", "kind", "subject_id", unique=True),
        one_of("kind", ("conversation", "answer")),
    )


class Dialogue(TenantRow, table=True):
    """One walk through Find din vej, pinned to the rulebook it began with. Article 9: health and barriers."""

    citizen_id: str
    started_at: datetime
    updated_at: datetime
    rulebook: Facts = json_facts()
    answers: Facts = json_facts()
    declined: Facts = json_facts()
    occupation: Facts = json_facts()
    finished_at: datetime | None = None
    outcome: Facts = json_facts()
    explained: Facts = json_facts()
    version: int = 1
    __table_args__ = (
        unique_while("uq_dialogue_open", "citizen_id", where="finished_at IS NULL"),
        belongs("citizen_id", "citizen"),
    )


class PlacementCase(TenantRow, table=True):
    """A company's request. `form` is what the company wrote, `facts` the same as the rules read it, frozen when it was
    sent; nothing about a candidate but the name."""

    company_id: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    scheme: str
    state: str
    form: Facts = json_facts()
    step: int = 1
    positions: int | None = None
    start: date | None = None
    sent_at: datetime | None = None
    facts: Facts = json_facts()
    answer_due_on: date | None = None
    read_at: datetime | None = None
    read_by: str | None = None
    team_id: str | None = None
    desk: Facts = json_facts()
    rulebook: Facts = json_facts()
    judged: Facts = json_facts()
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    decided_at: datetime | None = None
    decision: Facts = json_facts()
    version: int = 1
    __table_args__ = (
        one_of("state", placement.STATES),
        Index("ix_placementcase_queue", "municipality", "team_id", "state"),
        belongs("company_id", "company"),
        belongs("created_by", "companyuser"),
        belongs("team_id", "team"),
        belongs("claimed_by", "staff"),
        belongs("read_by", "staff"),
    )


class Candidate(TenantRow, table=True):
    """The person a request names: `id` is the case's. Facts come from the person and from staff, never the company."""

    name: str
    code_hash: str
    citizen_id: str | None = None
    state: str = "named"
    facts: Facts = json_facts()
    lives_in: str | None = None
    answered_at: datetime | None = None
    __table_args__ = (
        one_of("state", ("named", "confirmed", "declined")),
        Index("uq_candidate_code", "municipality", "code_hash", unique=True),
        belongs("id", "placementcase"),
        belongs("citizen_id", "citizen"),
    )


class Message(TenantRow, table=True):
    """Something said to or by a citizen or a company, read after login."""

    case_kind: str
    case_id: str
    reader_id: str  # the citizen's or the company's id
    sent_by_reader: bool
    author: str
    kind: str
    facts: Facts = json_facts()
    body: str = ""
    sent_at: datetime
    read_at: datetime | None = None
    __table_args__ = (
        Index("ix_message_reader", "municipality", "reader_id", "sent_at"),
        Index("ix_message_case", "municipality", "case_id", "sent_at"),
        one_of("case_kind", ("conversation", "placement")),
    )


class JournalHead(TenantRow, table=True):
    """The number of the newest journal line; locked while lines are written, so numbers have no gaps."""

    number: int = 0


class Journal(TenantRow, table=True):
    """What happened, in order: `number` counts up per municipality without gaps, so that a chain can be laid over it.
    No personal data: names and words stand in JournalDetail, under the same id."""

    number: int
    at: datetime
    code: str
    actor_role: str
    actor_id: str
    subject_kind: str
    subject_id: str
    facts: Facts = json_facts()
    __table_args__ = (
        Index("uq_journal_number", "municipality", "number", unique=True),
        Index("ix_journal_subject", "municipality", "subject_id", "number"),
    )


class JournalDetail(TenantRow, table=True):
    """The personal part of a journal line: who acted by name, and any words; may be shredded, the line stays."""

    actor_name: str
    words: str = ""


class Outbox(TenantRow, table=True):
    """A letter to be sent once. `id` is also the key the receiver gets, so that a repeat can be told."""

    kind: str
    to: str
    lang: str
    facts: Facts = json_facts()
    once: str
    state: str = "pending"
    created_at: datetime
    due_at: datetime
    lease_until: datetime | None = None
    lease_by: str | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    trouble: str = ""
    __table_args__ = (
        one_of("state", ("pending", "sending", "sent", "failed", "uncertain")),
        Index("uq_outbox_once", "municipality", "once", unique=True),
        Index("ix_outbox_due", "municipality", "state", "due_at"),
    )


class Outlook(TenantRow, table=True):
    """How many jobs there are for an occupation in this municipality's area: `id` is the occupation's code."""

    outlook: str
    occupation: str
    source: str
    fictional: bool
    valid_on: date
    __table_args__ = (one_of("outlook", ("shortage", "paradox", "good", "limited")),)


# The scope of a session is one condition on TenantRow (`database._scope`); SQLAlchemy tries it out on the class itself,
# which has no column of its own. Set last, so that no table takes it for a default.
type.__setattr__(TenantRow, "municipality", column("municipality", String))
