"""Every list page asks the database the same number of questions for one row and for thirty."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from portal.domain import placement
from portal.domain.people import system
from portal.store import journal, messages
from portal.store.database import new_id
from portal.store.tables import Breach, Citizen, Conversation, PlacementCase
from tests import cast
from tests.conftest import Portal

PAGES = {
    "/medarbejder/virksomheder": "clara",
    "/medarbejder/borgere": "rikke",
    "/medarbejder/tavle": "tove",
    "/virksomhed": "bo",
    "/borger": "amina",
}


async def _more(portal: Portal, count: int) -> None:
    """`count` more of everything a list can show."""
    now = portal.now
    async with portal.store.writing(system(cast.HOME), now) as unit:
        for _ in range(count):
            person = new_id()
            unit.add(
                Citizen(
                    municipality=cast.HOME,
                    id=person,
                    issuer="demo",
                    subject=person,
                    name=f"Testperson {person}",
                    birth_date=None,
                )
            )
            case = PlacementCase(
                municipality=cast.HOME,
                id=new_id(),
                company_id=cast.employer("bo").unit,
                created_by=cast.identity("bo"),
                created_at=now,
                updated_at=now,
                scheme="placement",
                state=placement.SENT,
                form={"tasks": "x"},
                positions=1,
                start=now.date(),
                sent_at=now,
                answer_due_on=now.date(),
                team_id="virksomhedsteam",
                desk={"id": "desk.company", "why": {"da": "x", "en": "x"}},
            )
            unit.add(case)
            await unit.flush()
            talk = Conversation(
                municipality=cast.HOME,
                id=new_id(),
                citizen_id=person,
                asked_at=now,
                asked_by=person,
                asked_via="portal",
                form="phone",
                state="waiting",
                guarantee_days=10,
                due_on=now.date(),
                team_id="modtagelse",
                routed_because={"rule": "team.reception"},
            )
            done = Conversation(
                municipality=cast.HOME,
                id=new_id(),
                citizen_id=cast.identity("amina"),
                asked_at=now,
                asked_by="x",
                asked_via="portal",
                form="phone",
                state="held",
                guarantee_days=10,
                due_on=now.date(),
                team_id="modtagelse",
                routed_because={"rule": "team.reception"},
            )
            unit.add(talk)
            unit.add(done)
            unit.add(
                Breach(
                    municipality=cast.HOME,
                    id=new_id(),
                    kind="conversation",
                    subject_id=talk.id,
                    due_on=now.date(),
                    found_at=now,
                    cause="no_time",
                )
            )
            await unit.flush()
            messages.say(
                unit,
                "conversation.receipt",
                case_kind="conversation",
                case_id=talk.id,
                reader_id=cast.identity("amina"),
                starts_at=None,
                due_on="2026-12-01",
                form="phone",
                waived=False,
            )
            journal.note(unit, "demo.loaded", "x", "x")
        await unit.commit()


@pytest.mark.parametrize("path", PAGES)
async def test_one_row_and_thirty_cost_the_same(portal: Portal, path: str) -> None:
    person = await portal.log_in(PAGES[path])
    asked: list[str] = []
    event.listen(
        portal.store.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append(args[2])
    )
    counts = []
    for more in (1, 29):
        await _more(portal, more)
        asked.clear()
        answer = await person.browser.get(f"/silkeborg{path}")
        assert answer.status_code == 200
        counts.append(len([one for one in asked if one.lstrip().upper().startswith("SELECT")]))
    assert counts[0] == counts[1] > 0
