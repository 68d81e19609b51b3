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
    staff; `unit` is the company id for an employer, and the team code for staff. Somebody who acts for a citizen has
    the citizen's `id` and is named by `by_id` and `by_name`; `scope` is then what the power of attorney is for."""

    municipality: str
    id: str
    role: Role
    name: str
    unit: str = ""
    by_id: str = ""
    by_name: str = ""
    scope: tuple[str, ...] = ()

    @property
    def doer_id(self) -> str:
        """Who really acts: the representative when there is one."""
        return self.by_id or self.id

    @property
    def doer_name(self) -> str:
        return self.by_name or self.name

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


def system(municipality: str) -> Actor:
    """The portal itself, acting on a rule or a clock."""
    return Actor(municipality, "system", Role.SYSTEM, "Portalen")
