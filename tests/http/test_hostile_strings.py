"""Every field of every form gets every hostile string, and nothing of it ever becomes more than text."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import asyncpg
import httpx
import pytest
from litestar import Litestar
from sqlalchemy import event, select

from portal.store import limits, sessions
from portal.store.tables import Citizen, Conversation, Outbox
from portal.triage.reader import rulebook_on
from tests import cast, page, postgres, rows
from tests.conftest import Person, Portal, everything
from tests.http.hostile import MARK, STRINGS, encoded, in_the_headers, on_the_page
from tests.http.situation import ROLES, arrange, cells
from tests.http.test_employer_and_desk import STEP2, STEP3, STEP4, STEP5
from tests.http.test_employer_and_desk import _send as send_request

PEOPLE = ("amina", "birger", "for amina", "bo", "clara", "rikke", "tove", "ada", "anders")
FINE = {200, 303, 400, 404, 409, 422}
NOT_READ = ("log-ind", "log-ud", "demo-login", "healthz", "readyz", "bliv", "kalender")
PREFERRED = ("book", "send", "next")
# What people would write where a page leaves a field empty.
VALID = {
    "words": "Hvem er kontaktperson?", "about": "Om arbejde", "language": "Polsk", "name": "Karla", "kind": "companion",
    "day": "24-12-2026", "note": "Juleaften", "navn": "Amina", "reasons": "Alt er i orden.", "law": "LAB kap. 11",
    "outcome": "refused", "text": "30", "soeg": "Bo", "target_group": "2", "lives_in": "740", "age": "30", "email": "a@b.dk",
    "weeks_unemployed": "12", "address": "Torvet 1", "representative_name": "Rie", "vacated_months_ago": "3",
    **STEP2, **STEP3, **STEP4, **STEP5, "who": "named", "candidate_name": "Amina",
}  # fmt: skip
OCCUPATION = {"text": "sygeplejerske"}
EACH = 60


@dataclass
class Found:
    """A form as somebody has it before them: what it would send, and every name it could send."""

    who: str
    action: str
    method: str
    fields: dict[str, str | bytes]
    names: list[str]

    @property
    def kind(self) -> str:
        return "/".join("x" if len(part) == 32 else part for part in self.action.split("/"))


class _Forms(page._Forms):
    """Also the buttons that say something, and which choices are check boxes, free to be left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        given = {key: value or "" for key, value in attrs}
        if tag == "button" and given.get("name") and self._inside:
            self.forms[-1].choices.setdefault(given["name"], []).append(given.get("value", ""))
        if given.get("type") == "checkbox":
            self.boxes.add(given.get("name", ""))


def forms_on(who: str, path: str, html: str, known: dict[str, str]) -> Iterator[Found]:
    """The forms of a page, filled in as somebody would who makes no mistake."""
    reader = _Forms()
    reader.feed(html)
    for form in reader.forms:
        fields: dict[str, str | bytes] = dict(form.fields)
        for name, choices in form.choices.items():
            if not fields.get(name) and name not in reader.boxes:
                wishes = [*PREFERRED, known.get(name, ""), *choices]
                fields[name] = next((wish for wish in wishes if wish and wish in choices), choices[0])
        for name in form.fields:
            fields[name] = fields[name] or known.get(name, "")
        names = [name for name in {**fields, **form.choices} if name != "csrf"]
        yield Found(who, form.action or path, form.method, fields, names)


@dataclass
class World:
    """Everybody logged in, one of everything in every state, and a way back to exactly this."""

    portal: Portal
    people: dict[str, Hand]
    back: Callable[[], Awaitable[None]]
    objects: list[dict[str, str]]
    codes: dict[str, dict[str, str]]
    forms: list[Found] = field(default_factory=list)
    seen: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    asked: int = 0
    said: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)

    async def send(self, form: Found, changed: dict[str, str | bytes]) -> httpx.Response:
        fields = {**form.fields, **changed}
        if changed.get("text") is not None:
            fields.pop("answer", None)  # words are read where no button is chosen
        return await self.ask(form.who, form.action, fields, form.method, "/".join([form.kind, *changed]))

    async def ask(
        self, who: str, path: str, fields: dict[str, str | bytes], method: str = "get", at: str = ""
    ) -> httpx.Response:
        """One request and its oracle."""
        self.asked += 1
        answer = await self.people[who].ask(path, fields, method)
        found = in_the_headers(answer.headers.items())
        if answer.status_code not in FINE:
            found.append(f"{answer.status_code}: {page.text(answer.text)[:200]}")
        if answer.headers.get("content-type", "").startswith("text/html"):
            shown, said = on_the_page(answer.text)
            found += shown
            self.said += said
        for fault in found:
            self.faults.setdefault(fault, []).append(f"{who} {at or path}")
        return answer

    def collect(self, who: str, path: str, html: str) -> None:
        known = {**VALID, **(OCCUPATION if path.endswith("industry_outlook") else {}), **self.codes.get(who, {})}
        for form in forms_on(who, path, html, known):
            key = (form.kind, tuple(sorted(form.names)))
            if key not in self.seen and "demo-login" not in form.action:
                self.seen.add(key)
                self.forms.append(form)


@dataclass
class Hand:
    """Somebody whose session stays the same one, whatever answers say; asks the app without a client between."""

    app: Litestar
    cookie: str

    async def ask(self, path: str, fields: dict[str, str | bytes], method: str = "get") -> httpx.Response:
        body = encoded(fields)
        headers = {"host": "localhost", "cookie": f"portal={self.cookie}", "sec-fetch-site": "same-origin"}
        if method == "post":
            headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method.upper(), "scheme": "http",
            "path": unquote(path), "raw_path": path.encode(), "root_path": "", "client": ("127.0.0.1", 1),
            "query_string": body if method == "get" else b"", "server": ("localhost", 80),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body if method == "post" else b"", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        content = b"".join(message.get("body", b"") for message in said[1:])
        return httpx.Response(said[0]["status"], headers=said[0]["headers"], content=content)


async def _cases(portal: Portal, bo: Person, clara: Person) -> tuple[list[str], str]:
    """Requests of Bo's: naming Amina and asked about, taken, decided, and one that is not sent; and Amina's code."""
    named = await send_request(bo, who="named", candidate_name="Amina")
    receipt = page.text((await bo.see(f"/virksomhed/sag/{named}/kvittering")).text)
    code = re.search(r"\b\w{4}-\w{4}-\w{4}\b", receipt)
    assert code, receipt
    taken, decided = await send_request(bo), await send_request(bo)
    for case in (named, taken, decided):
        assert (await clara.fill(f"/medarbejder/sag/{case}", "/tag")).status_code == 303
    await clara.fill(f"/medarbejder/sag/{named}", "/spoerg", words="Hvem?")
    letter = {"outcome": "refused", "reasons": "Nej.", "law": "LAB"}
    await clara.fill(f"/medarbejder/sag/{decided}", "/afgoer", action="send", **letter)
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="wage_subsidy")
    draft = answer.headers["location"].split("/")[4]
    step3 = {**STEP3, "latest_month_fte": "14", "twelve_month_mean_fte": "14"}
    step2 = {**STEP2, "who": "named", "candidate_name": "Amina"}
    for step, values in ((2, step2), (3, step3), (4, STEP4), (5, STEP5)):
        answer = await bo.fill(f"/virksomhed/sag/{draft}/trin/{step}", f"/trin/{step}", action="next", **values)
        assert answer.status_code == 303, page.text(answer.text)
    return [named, taken, decided, draft], code.group()


async def _answered(birger: Person) -> str:
    """Find din vej, answered to the end and not sent; gives the walk."""
    answer = await birger.fill("/borger/vej", "/borger/vej")
    for _ in range(20):
        opened = await birger.see(answer.headers["location"].removeprefix("/silkeborg"))
        asks = [form for form in page.forms(opened.text) if "/ret/" in form.action]
        if not asks:
            break
        answer = await birger.browser.post(asks[0].action, data={**asks[0].fields, "action": "decline"})
    return str(opened.url).split("/")[-2]


async def _arranged(portal: Portal) -> tuple[list[dict[str, str]], dict[str, dict[str, str]]]:
    """Two more citizens, talks before and after their time, requests in every state, codes, a letter in trouble."""
    async with portal.store.writing(cast.citizen("amina"), portal.now) as unit:
        for name in ("karl", "karla"):
            unit.add(rows.bare(Citizen, id=cast.identity(name), subject=name, name=name.capitalize(), lang="da", channel="letter"))  # fmt: skip
        unit.add(rows.bare(Outbox, state="uncertain", trouble="broke off"))
        await unit.commit(unnoted=True)
    rikke, clara = await portal.log_in("rikke"), await portal.log_in("clara")
    path = f"/medarbejder/telefon/{cast.identity('karl')}"
    opened = await rikke.see(path)
    slot = page.form(opened.text, path).choices["slot"][0]
    await rikke.send(opened.text, path, slot=slot, action="book")
    objects = await arrange(portal)
    amina, bo = await portal.log_in("amina"), await portal.log_in("bo")
    cases, code = await _cases(portal, bo, clara)
    given = {"kind": "power_of_attorney", "name": "Birger", "conversations": "1", "ends_on": "31-12-2026"}
    await amina.fill("/borger/hjaelpere", "/borger/hjaelpere", **given)
    helpers = page.text((await amina.see("/borger/hjaelpere")).text)
    power = helpers.split("eget MitID: ")[1].split(" ")[0]
    ada = await portal.log_in("ada")
    await ada.fill("/medarbejder/kommune", "/lukkedag", day="23-12-2026", note="Lillejuleaften")
    objects |= {"citizen": cast.identity("karla")}
    walk = await _answered(await portal.log_in("birger"))
    async with portal.store.reading(cast.HOME) as reader:
        talks = [row[0] for row in await reader.all(select(Conversation.id))]
    steps = [{"case": cases[-1], "step": str(step)} for step in range(1, 7)]
    facts = [{"fact": fact} for fact in rulebook_on(portal.now.date()).questions]
    more = [{"case": case} for case in cases] + [{"talk": talk} for talk in talks] + [{"walk": walk}] + steps + facts
    return [objects, *({**objects, **one} for one in more)], {"amina": {"code": code}, "birger": {"code": power}}


async def _keep(portal: Portal) -> Callable[[], Awaitable[None]]:
    """Takes a copy of the whole database; gives what puts it back."""
    if "sqlite" in portal.database:
        file = portal.database.removeprefix("sqlite+aiosqlite:///")
        kept, live = sqlite3.connect(":memory:"), sqlite3.connect(file)
        live.execute("PRAGMA synchronous=OFF")
        live.backup(kept)

        async def copy_back() -> None:
            kept.backup(live)

        return copy_back
    connection = await asyncpg.connect(postgres.plain(everything(portal.database)))
    names = [row[0] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    await connection.execute("CREATE SCHEMA kept; SET session_replication_role = replica")
    for name in names:
        await connection.execute(f'CREATE TABLE kept."{name}" AS TABLE public."{name}"')
    again = "; ".join(f'DELETE FROM public."{n}"; INSERT INTO public."{n}" SELECT * FROM kept."{n}"' for n in names)

    async def fill_back() -> None:
        await connection.execute(again)

    return fill_back


@pytest.fixture
async def world(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> World:
    async def unlimited(*_: object) -> None:
        return None

    monkeypatch.setattr(limits, "take", unlimited)
    monkeypatch.setattr(sessions, "TOO_MANY", 10**9)
    if "sqlite" in portal.database:
        engine = portal.store.engine.sync_engine
        event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
    objects, codes = await _arranged(portal)
    portal.later(hours=24.5)  # Karl's conversation has begun, Amina's has not
    people = {}
    for name in PEOPLE:
        person = await portal.log_in("birger" if name == "for amina" else name)
        if name == "for amina":
            opened = await person.see("/borger/hjaelpere")
            used = next(one for one in page.forms(opened.text) if one.action.endswith("/brug"))
            assert (await person.browser.post(used.action, data=used.fields)).status_code == 303
        people[name] = Hand(portal.app, person.browser.cookies["portal"])
    world = World(portal, people, await _keep(portal), objects, codes)
    await _find_forms(world)
    return world


async def _find_forms(world: World) -> None:
    """Every page everybody may open, with every object; and the forms that only an answer shows."""
    for who in PEOPLE:
        role = ROLES["birger" if who == "for amina" else who]
        paths = {
            cell.path: None
            for objects in world.objects
            for cell in cells(world.portal, objects)
            if cell.method == "GET"
            and not set(cell.template.split("/")) & set(NOT_READ)
            and (cell.access.roles is None or role in {one.value for one in cell.access.roles})
        }
        for path in paths:
            answer = await world.ask(who, path, {})
            world.collect(who, path, answer.text)
    for form in list(world.forms):
        answer = await world.send(form, {})
        if answer.status_code == 200:
            world.collect(form.who, form.action, answer.text)
        await world.back()


# ------------------------------------------------------------------ what holds


def _covered(world: World) -> list[str]:
    """Addresses that take a form and have none on any page somebody was shown."""
    shown = {form.kind for form in world.forms if form.method == "post"}
    templates = {
        re.sub(r"/(\d+|%s)$" % "|".join(rulebook_on(cast.NOW.date()).questions), "/?", kind) for kind in shown
    }
    wanted = {
        re.sub(r"\{(step|fact)\}", "?", re.sub(r"\{slug\}", "silkeborg", cell.template))
        for cell in cells(world.portal, {})
        if cell.method == "POST" and not cell.template.startswith(("/log-ind", "/demo-login"))
    }
    return sorted(one for one in wanted if re.sub(r"\{\w+\}", "x", one) not in templates)


async def _try(world: World, form: Found, name: str, said: str | bytes, *, with_key: bool) -> None:
    """One string in one field, and the page it leads to; afterwards everything is as before."""
    changed = {name: said, **({"key": said} if with_key else {})}
    answer = await world.send(form, changed)
    if answer.status_code == 303:
        there = answer.headers["location"]
        await world.ask(form.who, there.split("?")[0], dict(httpx.URL(there).params), at=f"{form.kind}/{name}")
        await world.back()


def _pairs(forms: list[Found]) -> list[tuple[Found, str, bool]]:
    """Every form and field; the form's own key, which nobody judges, goes along with the first of the others."""
    found = []
    for form in forms:
        others = [name for name in form.names if name != "key"] or ["key"]
        found += [(form, name, at == 0 and "key" in form.names) for at, name in enumerate(others)]
    return found


@pytest.mark.parametrize("half", [0, 1])
async def test_every_field_of_every_form_gets_sixty_hostile_strings(
    world: World, engine: str, half: int
) -> None:
    """On SQLite sixty for each field, from a place in the list that moves on; on PostgreSQL three."""
    began = time.perf_counter()
    names, each = list(STRINGS), EACH if engine == "sqlite" else 3
    pairs = _pairs(world.forms)
    assert _covered(world) == []
    for number, (form, name, with_key) in enumerate(pairs):
        if number % 2 == half:
            for step in range(each):
                said = STRINGS[names[(number * 7 + step) % len(names)]]
                await _try(world, form, name, said, with_key=with_key)
            await world.back()
    fields = sum(len(form.names) for form in world.forms)
    seconds = time.perf_counter() - began
    print(f"{len(world.forms)} forms, {fields} fields, {world.asked} requests, {world.said} said, {seconds:.0f} s")
    assert world.faults == {}
    assert world.said > 100 * each // 4
