"""Many municipalities that differ only in a mark: the same people, the same ids, the same cases, and the mark in every text."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select
from sqlmodel import SQLModel

from portal.demo.provider import issuer
from portal.domain.calendar import local_instant
from portal.domain.people import system
from portal.store import calendars
from portal.store.database import Store
from portal.store.tables import (
    Citizen,
    Company,
    CompanyUser,
    JournalHead,
    KeyMark,
    LoginSession,
    Municipality,
    Outlook,
    RequestKey,
    Staff,
    Team,
    TenantRow,
    UsedLogin,
)
from tests import cast, page
from tests.conftest import Person, Portal

MARK = re.compile(r"Kanarie(\d{3})")
ROLES = {"amina": "borger", "bo": "virksomhed", "clara": "medarbejder", "rikke": "medarbejder", "tove": "medarbejder",
         "anders": "medarbejder", "ada": "medarbejder"}  # fmt: skip
STEPS = {
    2: {
        "workplace": "{m}",
        "p_number": "1000000001",
        "sector": "private",
        "who": "named",
        "candidate_name": "{m}",
    },
    3: {"ordinary_fte": "14", "supported_fte": "0"},
    4: {
        "job_title": "Bager {m}",
        "tasks": "{m}",
        "purpose": "{m}",
        "weekly_hours": "30",
        "start": "14-12-2026",
        "weeks": "4",
        "vacated": "no",
    },
    5: {"representative": "agrees"},
}


def codes(count: int) -> list[str]:
    return [str(100 + number) for number in range(count)]


def slug(code: str) -> str:
    return f"by{code}"


def mark(code: str) -> str:
    return f"Kanarie{code}"


@contextmanager
def the_same_ids(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every municipality built inside gets the ids the others got: a look-up by id alone finds somebody else's."""
    counter = itertools.count(1)
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "token_hex", lambda size=16: f"{next(counter):0{2 * size}x}")
        yield


async def settle(store: Store, code: str) -> None:
    """The municipality with everybody in it; whatever is a text holds the mark."""
    await _found(store, code)
    await _people(store, code)


async def _found(store: Store, code: str) -> None:
    said = mark(code)
    place = Municipality(
        code=code,
        slug=slug(code),
        fictional=True,
        name=said,
        phone=said,
        email=f"job@{said}.example",
        address=said,
        opening_hours={"da": [[said, "9–15"]], "en": [[said, "9–15"]]},
    )
    await store.found_municipality(place, system(code), cast.NOW)


async def _people(store: Store, code: str) -> None:
    said = mark(code)
    async with store.writing(system(code), cast.NOW) as unit:
        for team, kind in cast.TEAMS.items():
            unit.add(
                Team(
                    municipality=code, id=team, name_da=f"{said} {team}", name_en=f"{said} {team}", kind=kind
                )
            )
        await unit.flush()
        for name, born in {"amina": date(1989, 4, 12), "birger": date(1966, 9, 3)}.items():
            unit.add(
                Citizen(municipality=code, id=cast.identity(name), issuer=issuer("borger"), subject=name,
                        name=f"{name} {said}", birth_date=born, email=f"{name}@{said}.example", phone=said, address=said)
            )  # fmt: skip
        unit.add(Company(municipality=code, id=cast.identity("firma"), cvr="88888881", name=f"{said} firma"))
        await unit.flush()
        unit.add(
            CompanyUser(municipality=code, id=cast.identity("bo"), issuer=issuer("virksomhed"), subject="88888881/bo",
                        company_id=cast.identity("firma"), name=f"bo {said}", email=f"bo@{said}.example")
        )  # fmt: skip
        for name, (role, team) in cast.STAFF.items():
            unit.add(
                Staff(municipality=code, id=cast.identity(name), issuer=issuer("medarbejder"), subject=name,
                      name=f"{name} {said}", email=f"{name}@{said}.example", role=role, team_id=team)
            )  # fmt: skip
        unit.add(Outlook(municipality=code, id="5223", outlook="limited", occupation=said, source=said, fictional=True,
                         valid_on=date(2026, 7, 1)))  # fmt: skip
        await unit.flush()
        for day in range(1, 9):
            at = local_instant(cast.NOW.date() + timedelta(days=day), time(9))
            calendars.add_slot(unit, cast.identity("rikke"), "modtagelse", at)
        await unit.commit(unnoted=True)


async def live(portal: Portal, code: str) -> None:
    """What people do in a week: asked, sent, claimed, answered, looked at; every word of theirs is the mark."""
    said, here = mark(code), slug(code)
    amina = await portal.log_in("amina", here, "borger")
    await amina.fill(
        "/borger/samtale/ny", "/samtale/ny", about=said, language=said, slot="none", action="book"
    )
    await amina.fill(
        "/borger/hjaelpere", "/borger/hjaelpere", kind="companion", name=said, ends_on="31-12-2026"
    )
    await amina.fill("/borger/vej", "/borger/vej")
    bo = await portal.log_in("bo", here, "virksomhed")
    case = await _send(bo, said)
    clara = await portal.log_in("clara", here, "medarbejder")
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    await clara.fill(f"/medarbejder/sag/{case}", "/spoerg", words=said)
    await bo.fill(f"/virksomhed/sag/{case}", "/tilfoej", words=said)
    await clara.fill(f"/medarbejder/sag/{case}", "/kandidat", target_group="6", lives_in=code)
    rikke = await portal.log_in("rikke", here, "medarbejder")
    for link in links((await rikke.see("/medarbejder/borgere")).text, here):
        if "/medarbejder/samtale/" in link:
            await rikke.browser.get(link)
    for person in (amina, bo, clara, rikke):
        await person.browser.aclose()
        portal.browsers.remove(person.browser)


async def copy(store: Store, model: str, code: str) -> None:
    """Another municipality just like `model`, row for row under the same ids, with its own mark in every text."""
    await _found(store, code)
    by_table = {table.__table__: table for table in TenantRow.__subclasses__()}  # type: ignore[attr-defined]
    for table in SQLModel.metadata.sorted_tables:
        row_of = by_table.get(table)
        if row_of is None or row_of in NOT_COPIED:
            continue
        async with store.reading(model) as reader:
            found = [_marked(row, model, code) for row in await reader.rows(select(row_of))]
        async with store.writing(system(code), cast.NOW) as unit:
            if row_of is JournalHead:
                head = await unit.find(JournalHead, "head")
                head.number, head.hash = found[0]["number"], found[0]["hash"]
            else:
                for values in found:
                    unit.add(row_of(**values))
            await unit.commit(unnoted=True)


NOT_COPIED = (KeyMark, LoginSession, RequestKey, UsedLogin)  # made with the municipality, or of a browser


def _marked(row: Any, model: str, code: str) -> dict[str, Any]:
    """Everything the row holds, with the one municipality's name, mark and address turned into the other's."""

    def turned(value: Any) -> Any:
        if isinstance(value, str):
            again = value.replace(mark(model), mark(code)).replace(slug(model), slug(code))
            return code if again == model else again
        if isinstance(value, dict):
            return {turned(key): turned(one) for key, one in value.items()}
        if isinstance(value, list):
            return [turned(one) for one in value]
        return value

    return {column.key: turned(getattr(row, column.key)) for column in inspect(type(row)).columns}


async def _send(bo: Person, said: str) -> str:
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    case = answer.headers["location"].split("/")[4]
    for step, values in STEPS.items():
        filled = {name: value.format(m=said) for name, value in values.items()}
        answer = await bo.fill(
            f"/virksomhed/sag/{case}/trin/{step}", f"/trin/{step}", action="next", **filled
        )
        assert answer.status_code == 303, page.text(answer.text)
    assert (await bo.fill(f"/virksomhed/sag/{case}/trin/6", "/send")).status_code == 303
    return case


def links(html: str, here: str) -> list[str]:
    """Where a page leads, inside its municipality."""
    found = re.findall(r'href="([^"#]+)"', html)
    return [link.replace("&amp;", "&") for link in found if link.startswith(f"/{here}/")]
