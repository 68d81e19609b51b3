"""Companies' requests with the person they name, messages, letters, the list of job outlooks, and official names."""

from datetime import date, datetime

from sqlalchemy import Index

from portal.domain import placement
from portal.store.columns import Facts, belongs, json_facts, json_list, one_of, sealed_facts, sealed_text
from portal.store.tables.base import TenantRow


class PlacementCase(TenantRow, table=True):
    """A company's request. `form` is what the company wrote, `facts` the same as the rules read it, frozen when it was
    sent; nothing about a candidate but the name."""

    company_id: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    scheme: str
    state: str
    form: Facts = sealed_facts()
    step: int = 1
    occupation: str = ""  # the unit group of the job, where it was understood
    positions: int | None = None
    start: date | None = None
    sent_at: datetime | None = None
    facts: Facts = json_facts()
    answer_due_on: date | None = None
    read_at: datetime | None = None
    read_by: str | None = None
    team_id: str | None = None
    desk: Facts = sealed_facts()
    rulebook: Facts = json_facts()
    judged: Facts = json_facts()
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    decided_at: datetime | None = None
    decision: Facts = sealed_facts()
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
    facts: Facts = sealed_facts()
    lives_in: str | None = None
    answered_at: datetime | None = None
    accepted_by: str | None = (
        None  # who made sure that whoever answered under another name is the person named
    )
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
    facts: Facts = sealed_facts()
    body: str = sealed_text("")
    sent_at: datetime
    read_at: datetime | None = None
    __table_args__ = (
        Index("ix_message_reader", "municipality", "reader_id", "sent_at"),
        Index("ix_message_case", "municipality", "case_id", "sent_at"),
        one_of("case_kind", ("conversation", "placement")),
    )


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


class NameList(TenantRow, table=True):
    """Official names of occupations or industries, whole: `id` is which, `names` holds (name, code)."""

    names: list[list[str]] = json_list()
    digest: str
    count: int
    loaded_at: datetime
    __table_args__ = (one_of("id", ("disco", "esco", "industries")),)
