"""The tables. Every row but the list of municipalities belongs to one municipality, and every key says so.

Rows never leave `store` towards templates: queries give plain facts. No relations are mapped, so nothing loads lazily.
What is sensitive is sealed (`store.sealing`); which column holds what kind of data stands in `store.data_classes`.
"""

from sqlalchemy import String, column

from portal.store.tables.base import Municipality, TenantRow
from portal.store.tables.cases import Candidate, Message, NameList, Outbox, Outlook, PlacementCase
from portal.store.tables.evidence import (
    AccessAlarm,
    AccessDraw,
    AccessLine,
    AccessPurpose,
    AccessSample,
    Erasure,
    Journal,
    JournalDetail,
    JournalHead,
    KeyMark,
    Tally,
)
from portal.store.tables.logins import Attempt, LoginSession, RateWindow, RequestKey, UsedLogin
from portal.store.tables.people import Citizen, ClosingDay, Company, CompanyUser, Relation, Staff, Team
from portal.store.tables.rules import RuleLayer
from portal.store.tables.talks import Booking, Breach, Conversation, Dialogue, Slot

__all__ = [
    "AccessAlarm", "AccessDraw", "AccessLine", "AccessPurpose", "AccessSample", "Attempt", "Booking", "Breach",
    "Candidate", "Citizen", "ClosingDay", "Company", "CompanyUser", "Conversation", "Dialogue", "Erasure", "Journal",
    "JournalDetail", "JournalHead", "KeyMark", "LoginSession", "Message", "Municipality", "NameList", "Outbox", "Outlook",
    "PlacementCase", "RateWindow", "Relation", "RequestKey", "RuleLayer", "Slot", "Staff", "Tally", "Team", "TenantRow", "UsedLogin",
]  # fmt: skip

# The scope of a session is one condition on TenantRow (`database._scope`); SQLAlchemy tries it out on the class itself,
# which has no column of its own. Set last, so that no table takes it for a default.
type.__setattr__(TenantRow, "municipality", column("municipality", String))
