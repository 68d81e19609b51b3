"""What happened and who looked: the journal with its chain, the access log, and what outlives an erasure."""

from datetime import date, datetime

from sqlalchemy import Index

from portal.store.columns import Facts, belongs, json_facts, one_of, sealed_facts, sealed_text
from portal.store.tables.base import TenantRow


class JournalHead(TenantRow, table=True):
    """The newest journal line's number and hash; locked while lines are written, so numbers have no gaps."""

    number: int = 0
    hash: str = ""


class Journal(TenantRow, table=True):
    """What happened, in order: `number` counts up per municipality without gaps, and `hash` binds each line to all before
    it (`domain.chain`). No personal data: it stands in JournalDetail under the same id, bound by `detail_hash`."""

    number: int
    at: datetime
    code: str
    actor_role: str
    actor_id: str
    subject_kind: str
    subject_id: str
    facts: Facts = json_facts()
    detail_hash: str
    hash: str
    __table_args__ = (
        Index("uq_journal_number", "municipality", "number", unique=True),
        Index("ix_journal_subject", "municipality", "subject_id", "number"),
    )


class JournalDetail(TenantRow, table=True):
    """The personal part of a journal line: who acted by name, words, and facts that tell of a person. May be shredded;
    the line stays. `salt` keeps the line's `detail_hash` from being guessed afterwards."""

    actor_name: str
    words: str = sealed_text("")
    facts: Facts = sealed_facts()
    salt: str


class AccessLine(TenantRow, table=True):
    """A member of staff looked at what is sensitive about a citizen: written in the same transaction as the look."""

    at: datetime
    staff_id: str
    role: str
    unit: str
    citizen_id: str
    subject_kind: str
    subject_id: str
    purpose: str
    relation: str
    __table_args__ = (
        one_of("relation", ("own_case", "team", "none")),
        Index("ix_accessline_citizen", "municipality", "citizen_id", "at"),
        Index("ix_accessline_staff", "municipality", "staff_id", "at"),
        Index("ix_accessline_at", "municipality", "at"),
    )


class AccessPurpose(TenantRow, table=True):
    """Why somebody without a case of their own looks at a citizen, said before the look; good for a while."""

    staff_id: str
    citizen_id: str
    purpose: str
    until: datetime
    __table_args__ = (Index("ix_accesspurpose_who", "municipality", "staff_id", "citizen_id", "until"),)


class AccessSample(TenantRow, table=True):
    """A look drawn by lot for a team lead to sign off. `week` is the ISO week it was drawn for."""

    line_id: str
    week: str
    drawn_at: datetime
    signed_by: str | None = None
    signed_at: datetime | None = None
    verdict: str | None = None
    note: str = sealed_text("")
    __table_args__ = (
        Index("uq_accesssample_line", "municipality", "line_id", unique=True),
        Index("ix_accesssample_week", "municipality", "week"),
        belongs("line_id", "accessline"),
    )


class AccessDraw(TenantRow, table=True):
    """A week whose lots have been drawn: `id` is the ISO week."""

    drawn_at: datetime
    looks: int


class AccessAlarm(TenantRow, table=True):
    """Somebody looked at more citizens outside own cases in a day than the limit: once per person and day."""

    staff_id: str
    day: date
    looks: int
    found_at: datetime
    seen_by: str | None = None
    seen_at: datetime | None = None
    __table_args__ = (Index("uq_accessalarm_once", "municipality", "staff_id", "day", unique=True),)


class Erasure(TenantRow, table=True):
    """Somebody's data were erased: `id` is the person's. Also written to the ledger file, which outlives a restore."""

    kind: str
    erased_at: datetime
    by_id: str
    rows: Facts = json_facts()
    __table_args__ = (one_of("kind", ("citizen", "companyuser")),)


class Tally(TenantRow, table=True):
    """What is left of the erased in the statistics: how many of what in which month. `id` is month and what."""

    month: str
    what: str
    count: int


class KeyMark(TenantRow, table=True):
    """A key this municipality's data were sealed with: `id` is the key's name, `sealed` a known word under it, so that a
    lost or wrong key is noticed at start."""

    made_at: datetime
    sealed: str
