"""One of everything, so that every address has an object behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from sqlalchemy import select

from portal.domain.calendar import local_date
from portal.store import relations, rule_layers
from portal.store.tables import (
    AccessAlarm,
    AccessLine,
    AccessSample,
    Conversation,
    Dialogue,
    Message,
    Relation,
)
from portal.triage.source import Source
from portal.web.access import Access
from tests import cast, page, rows
from tests.conftest import Person, Portal
from tests.http.test_employer_and_desk import _send as send_request
from tests.layers import figure, head

# Besides the cast: somebody whose session has ended, a team lead of next door, and Birger acting for Amina.
IDENTITIES = (
    *("anonymous", "ended", "amina", "birger", "agent", "bo", "lise"),
    *("clara", "rikke", "tove", "anders", "ada", "dan", "neighbour"),
)
ROLES = {
    "amina": "citizen",
    "birger": "citizen",
    "agent": "citizen",
    "bo": "employer",
    "lise": "employer",
    **{name: role for name, (role, _) in cast.STAFF.items()},
}


THERE = "there"  # the object is Amina's or Bo's: one's own, or somebody else's, as it comes
OBJECTS = ("talk", "walk", "message", "case", "citizen", "helper", "relation", "sample", "alarm", "layer")
LAYER = head(code="740") + figure("guarantee.days", 8)


@dataclass
class Cell:
    """A route, a method and what it declares; `path` with real objects in it, Amina's and Bo's, unless `relation` says
    that there is none: next door's, nobody's, or no id at all."""

    path: str
    method: str
    access: Access
    template: str
    relation: str = THERE

    def owner(self) -> str:
        if "/fuldmagt/" in self.template:
            return "birger"
        return "bo" if "/virksomhed" in self.template else "amina"


async def arrange(portal: Portal) -> dict[str, str]:
    """Amina has a conversation, an open walk and messages; Bo a sent request and a draft."""
    amina, bo = await portal.log_in("amina"), await portal.log_in("bo")
    opened = await amina.see("/borger/samtale/ny")
    slot = page.form(opened.text, "/samtale/ny").choices["slot"][0]
    await amina.send(opened.text, "/samtale/ny", slot=slot, action="book")
    await amina.fill("/borger/vej", "/borger/vej")
    case = await send_request(bo)
    async with portal.store.reading(cast.HOME) as reader:
        talk = (await reader.one(select(Conversation.id)))[0]
        walk = (await reader.one(select(Dialogue.id)))[0]
        message = (await reader.one(select(Message.id).where(Message.reader_id == cast.identity("amina"))))[0]
    more = await _looked_and_helped(portal)
    return {
        **more,
        "slug": "silkeborg",
        "talk": talk,
        "walk": walk,
        "message": message,
        "case": case,
        "citizen": cast.identity("birger"),
        "fact": "benefit",
        "route": "holistic_course",
        "door": "borger",
        "step": "2",
    }


async def _looked_and_helped(portal: Portal) -> dict[str, str]:
    """Amina has a companion and has given Birger a power of attorney; somebody's look waits to be signed off."""
    today = local_date(portal.now)
    later = today + timedelta(days=30)
    async with portal.store.writing(cast.citizen("amina"), portal.now) as unit:
        helper = relations.record(unit, "companion", "Karla", (), today, later)
        relation = relations.record(unit, "power_of_attorney", "Birger", ("conversations",), today, later)
        await unit.flush()
        row = await unit.find(Relation, relation)
        row.representative_id, row.accepted_at, row.code_hash = cast.identity("birger"), portal.now, None
        await unit.commit()
    async with portal.store.writing(cast.staff("carl"), portal.now) as unit:
        line = rows.bare(AccessLine, staff_id=cast.identity("carl"), citizen_id=cast.identity("amina"), role="caseworker",
                         subject_kind="conversation", purpose="covering", relation="none")  # fmt: skip
        sample = rows.bare(AccessSample, line_id=line.id, week="2026-W47")
        alarm = rows.bare(AccessAlarm, staff_id=cast.identity("carl"), day=today)
        unit.add(line)
        await unit.flush()
        unit.add(sample)
        unit.add(alarm)
        layer = rule_layers.draft(unit, LAYER, Source.of(LAYER, "x.toml"))
        await unit.commit()
    return {
        "helper": helper,
        "relation": relation,
        "sample": sample.id,
        "alarm": alarm.id,
        "layer": layer,
        "about": cast.identity("amina"),
    }


def cells(portal: Portal, objects: dict[str, str]) -> list[Cell]:
    found = []
    for route in portal.app.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith("/static"):
            continue
        for handler in route.route_handlers:
            if not isinstance(handler, HTTPRouteHandler):
                continue
            for method in sorted(str(getattr(m, "value", m)) for m in handler.http_methods):
                if method in ("GET", "POST"):
                    path = route.path_format
                    for name, value in objects.items():
                        path = path.replace("{" + name + "}", value)
                    found.append(Cell(path, method, handler.opt["access"], route.path_format))
    return sorted(found, key=lambda cell: (cell.path.endswith("log-ud"), cell.template, cell.method))


def relations_of(portal: Portal, objects: dict[str, str]) -> list[Cell]:
    """The routes to an object once more, for objects that are not there: each must answer as if there were none."""
    elsewhere = {
        "next door's": cast.identity("dan"),
        "nobody's": "0" * 32,
        "no id": "x'--",
    }
    found = []
    for relation, other in elsewhere.items():
        bent = {**objects, **dict.fromkeys(OBJECTS, other)}
        for cell in cells(portal, bent):
            if any("{" + name + "}" in cell.template for name in OBJECTS):
                found.append(replace(cell, relation=relation))
    return found


async def visitor(portal: Portal, name: str) -> Person:
    if name == "anonymous":
        return Person(portal.browser(), "silkeborg")
    if name in ("dan", "neighbour"):
        there, door = ("dan", "borger") if name == "dan" else ("tove", "medarbejder")
        return Person((await portal.log_in(there, slug="aarhus", door=door)).browser, "silkeborg")
    if name == "ended":
        person = await portal.log_in("amina")
        kept = person.browser.cookies["portal"]
        await person.fill("/borger", "/log-ud")
        person.browser.cookies.set("portal", kept)
        return person
    if name == "agent":
        person = await portal.log_in("birger")
        opened = await person.see("/borger/hjaelpere")
        use = next(one for one in page.forms(opened.text) if one.action.endswith("/brug"))
        await person.browser.post(use.action, data=use.fields)
        return person
    return await portal.log_in(name)


async def token(person: Person, slug: str) -> str:
    """The session's own form token, read from a page as a browser would."""
    opened = await person.browser.get(f"/{slug}")
    return next((one.fields["csrf"] for one in page.forms(opened.text) if "csrf" in one.fields), "")
