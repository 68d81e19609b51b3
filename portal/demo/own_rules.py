"""A draft of the municipality's own rules: Ada has written it, Axel may publish it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from portal.demo.people import staff_actor
from portal.domain.calendar import local_date
from portal.store import rule_layers
from portal.store.database import Store
from portal.triage.source import Source

AHEAD = timedelta(days=30)


async def load_rules(store: Store, municipality: str, now: datetime) -> None:
    """The draft begins to hold a month from the day of loading."""
    begins = (local_date(now) + AHEAD).isoformat()
    text = (Path(__file__).parent / "rules.toml").read_text(encoding="utf-8").replace("2027-01-01", begins)
    async with store.writing(staff_actor(municipality, "ada"), now) as unit:
        rule_layers.draft(unit, text, Source.of(text, "rules.toml"))
        await unit.commit()
