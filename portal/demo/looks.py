"""Some looks of the weeks before, so that a team lead finds something to sign off."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.demo.people import demo_id, staff_actor
from portal.store import access_log
from portal.store.access_log import Subject
from portal.store.database import Store

LOOKS = (
    ("rikke", "gustav", "modtagelse", "case_work"),
    ("helle", "fatima", "helhedsteam", "case_work"),
    ("anders", "fatima", "helhedsteam", "supervision"),
    ("clara", "camilla", "modtagelse", "covering"),
)


async def load_looks(store: Store, municipality: str, now: datetime) -> None:
    """The looks of last week and the week before, in the access log as if they had just been made."""
    for weeks in (1, 2):
        for name, citizen, team, purpose in LOOKS:
            async with store.writing(staff_actor(municipality, name), now - timedelta(weeks=weeks)) as unit:
                who = demo_id(citizen)
                await access_log.look(unit, Subject(who, "conversation", who, team, frozenset()), purpose)
                await unit.commit(unnoted=True)
