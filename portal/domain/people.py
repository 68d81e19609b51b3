"""Who acts: the roles of the portal and the actor every action is given."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    CITIZEN = "citizen"
    EMPLOYER = "employer"
    CASEWORKER = "caseworker"
    TEAM_LEAD = "team_lead"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    SYSTEM = "system"


STAFF = frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.AUDITOR, Role.ADMINISTRATOR})


@dataclass(frozen=True)
class Actor:
    """Somebody in one role in one municipality. `id` is the person's own row: citizen, company user or member of
    staff; `unit` is the company id for an employer, and the team code for staff."""

    municipality: str
    id: str
    role: Role
    name: str
    unit: str = ""

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


def system(municipality: str) -> Actor:
    """The portal itself, acting on a rule or a clock."""
    return Actor(municipality, "system", Role.SYSTEM, "Portalen")
