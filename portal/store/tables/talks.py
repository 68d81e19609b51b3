"""Conversations, the times they are held at, promises that were broken, and Find din vej."""

from datetime import date, datetime

from sqlalchemy import Index

from portal.domain import conversation
from portal.store.columns import Facts, belongs, json_facts, one_of, sealed_facts, sealed_text, unique_while
from portal.store.tables.base import TenantRow


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
    about: str = sealed_text("")
    form: str
    language: str = sealed_text("")
    interpreter: bool = False
    state: str
    guarantee_days: int
    due_on: date
    latest_bookable: date | None
    promise: Facts = json_facts()
    waived_at: datetime | None = None
    held_on: date | None = None
    team_id: str
    routed_because: Facts = sealed_facts()
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
    answers: Facts = sealed_facts()
    declined: Facts = sealed_facts()
    occupation: Facts = json_facts()
    finished_at: datetime | None = None
    outcome: Facts = sealed_facts()
    explained: Facts = sealed_facts()
    version: int = 1
    __table_args__ = (
        unique_while("uq_dialogue_open", "citizen_id", where="finished_at IS NULL"),
        belongs("citizen_id", "citizen"),
    )
