"""Every field of every form gets every hostile string, and nothing of it ever becomes more than text."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace

import asyncpg
import httpx
import pytest
from sqlalchemy import event, select

from portal.store import limits, rule_layers, sessions
from portal.store.database import new_id
from portal.store.tables import Candidate, Citizen, Conversation, Outbox
from portal.text import COMPONENTS, environment
from portal.triage.shelf import rulebook_on
from portal.triage.source import Source
from tests import cast, page, postgres, rows
from tests.conftest import Person, Portal, everything
from tests.http.hostile import MARK, STRINGS, Found, Hand, forms_on, in_the_headers, on_the_page
from tests.http.situation import LAYER, ROLES, arrange, cells
from tests.http.test_employer_and_desk import STEP2, STEP3, STEP4, STEP5
from tests.http.test_employer_and_desk import _send as send_request

pytestmark = pytest.mark.long

PEOPLE = ("amina", "birger", "for amina", "bo", "clara", "rikke", "tove", "ada", "anders")
FINE = {200, 303, 400, 404, 409, 422}
NOT_READ = ("log-ind", "log-ud", "demo-login", "healthz", "readyz", "bliv", "kalender")
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
ALONE = int(os.environ.get("HOSTILE_ALONE", "2"))  # 110: every string alone in every field, some minutes
WELL_FORMED = [said for said in STRINGS.values() if isinstance(said, str) and "\x00" not in said]
MALFORMED = [said for said in STRINGS.values() if said not in WELL_FORMED]
STORABLE = [said for said in WELL_FORMED if MARK in said and len(said) <= 200]
# What people write freely: whose form, by the end of its address, and the fields; in an order that can be carried out.
WRITTEN: list[tuple[str, tuple[str, ...]]] = [
    ("borger/oplysninger", ("address",)), ("borger/hjaelpere", ("name",)), ("borger/samtale/ny", ("about", "language")),
    ("medarbejder/telefon/x", ("about", "language")), ("trin/2", ("workplace", "candidate_name")),
    ("trin/4", ("job_title", "tasks", "purpose")), ("trin/5", ("representative_name",)), ("sag/x/send", ()),
    ("sag/x/tilfoej", ("words",)), ("sag/x/spoerg", ("words",)), ("sag/x/afgoer", ("reasons", "law")),
    ("sag/x/giv-videre", ("words",)), ("samtale/x/giv-videre", ("words",)), ("kommune/lukkedag", ("note",)),
    ("kommune/team", ("name_da", "name_en")), ("opslag/x", ("note",)),
]  # fmt: skip


@dataclass
class World:
    """Everybody logged in, one of everything in every state, and a way back to exactly this."""

    portal: Portal
    people: dict[str, Hand]
    back: Callable[[], Awaitable[None]]
    objects: list[dict[str, str]]
    codes: dict[str, dict[str, str]]
    tokens: dict[str, str | bytes] = field(default_factory=dict)
    forms: list[Found] = field(default_factory=list)
    carried_out: set[str] = field(default_factory=set)
    seen: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    asked: int = 0
    said: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)

    def report(self, began: float) -> None:
        fields, seconds = sum(len(form.names) for form in self.forms), time.perf_counter() - began
        print(
            f"{len(self.forms)} forms, {fields} fields, {self.asked} requests, {seconds:.0f} s, {self.said} said"
        )

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
        asked = OCCUPATION if path.endswith("industry_outlook") else {}
        known = {**VALID, **asked, **self.codes.get(who, {})}
        for form in forms_on(who, path, html, known):
            self.tokens.setdefault(who, form.fields.get("csrf", ""))
            key = (form.kind, tuple(sorted(form.names)))
            if key not in self.seen and "demo-login" not in form.action:
                self.seen.add(key)
                self.forms.append(form)


async def _cases(bo: Person, clara: Person) -> tuple[list[str], str]:
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
    fte = {"latest_month_fte": "14", "twelve_month_mean_fte": "14"}
    who = {"who": "named", "candidate_name": "Amina"}
    for step, values in ((2, STEP2 | who), (3, STEP3 | fte), (4, STEP4), (5, STEP5)):
        at = f"/virksomhed/sag/{draft}/trin/{step}"
        answer = await bo.fill(at, at, action="next", **values)
        assert answer.status_code == 303, page.text(answer.text)
    return [named, taken, decided, draft], code.group()


async def _mistaken(portal: Portal, bo: Person, clara: Person) -> str:
    """A request that names somebody, answered with a yes by Birger, who is called something else."""
    case = await send_request(bo, who="named", candidate_name="Ukendt Person")
    async with portal.store.writing(cast.citizen("birger"), portal.now) as unit:
        row = await unit.find(Candidate, case)
        row.state, row.citizen_id, row.answered_at = "confirmed", cast.identity("birger"), portal.now
        await unit.commit(unnoted=True)
    assert (await clara.fill(f"/medarbejder/sag/{case}", "/tag")).status_code == 303
    return case


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


async def _coming(portal: Portal) -> str:
    """A layer that is published and has not begun; gives its id."""
    content = LAYER.replace('id = "lokal"', 'id = "kommende"')
    async with portal.store.writing(cast.staff("ada"), portal.now) as unit:
        layer = rule_layers.draft(unit, content, Source.of(content, "x.toml"))
        (await rule_layers.found(unit, layer)).created_by = cast.identity("clara")
        await unit.flush()
        await rule_layers.publish(unit, layer)
        await unit.commit()
    return layer


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
    cases, code = await _cases(bo, clara)
    mistaken = await _mistaken(portal, bo, clara)
    given = {"kind": "power_of_attorney", "name": "Birger", "conversations": "1", "ends_on": "31-12-2026"}
    await amina.fill("/borger/hjaelpere", "/borger/hjaelpere", **given)
    helpers = page.text((await amina.see("/borger/hjaelpere")).text)
    power = helpers.split("eget MitID: ")[1].split(" ")[0]
    ada = await portal.log_in("ada")
    await ada.fill("/medarbejder/kommune", "/lukkedag", day="23-12-2026", note="Lillejuleaften")
    objects |= {"citizen": cast.identity("karla")}
    coming = await _coming(portal)
    walk = await _answered(await portal.log_in("birger"))
    async with portal.store.reading(cast.HOME) as reader:
        talks = [row[0] for row in await reader.all(select(Conversation.id))]
    more = [{"case": case} for case in cases] + [{"talk": talk} for talk in talks] + [{"walk": walk}]
    more += [{"case": mistaken}, {"layer": coming}]
    more += [{"case": cases[-1], "step": str(step)} for step in range(1, 7)]
    more += [{"fact": fact} for fact in rulebook_on(portal.now.date()).questions]
    known = {"amina": {"code": code}, "birger": {"code": power}}
    return [objects, *({**objects, **one} for one in more)], known


@asynccontextmanager
async def _kept(portal: Portal) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Takes a copy of the whole database; gives what puts it back."""
    if "sqlite" in portal.database:
        file = portal.database.removeprefix("sqlite+aiosqlite:///")
        with closing(sqlite3.connect(":memory:")) as kept, closing(sqlite3.connect(file)) as live:
            live.execute("PRAGMA synchronous=OFF")
            live.backup(kept)

            async def copy_back() -> None:
                kept.backup(live)

            yield copy_back
        return
    connection = await asyncpg.connect(postgres.plain(everything(portal.database)))
    found = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.execute("CREATE SCHEMA kept; SET session_replication_role = replica")
    again = ""
    for name in [row[0] for row in found]:
        await connection.execute(f'CREATE TABLE kept."{name}" AS TABLE public."{name}"')
        again += f'DELETE FROM public."{name}"; INSERT INTO public."{name}" SELECT * FROM kept."{name}"; '

    async def fill_back() -> None:
        await connection.execute(again)

    yield fill_back
    await connection.close()


@pytest.fixture
async def world(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
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
    async with _kept(portal) as back:
        world = World(portal, people, back, objects, codes)
        await _find_forms(world)
        yield world


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
            answer = await world.people[who].ask(path, {})
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
    facts = "|".join(rulebook_on(cast.NOW.date()).questions)
    templates = {re.sub(rf"/(\d+|{facts})$", "/?", kind) for kind in shown}
    wanted = {
        re.sub(r"\{(step|fact)\}", "?", re.sub(r"\{slug\}", "silkeborg", cell.template))
        for cell in cells(world.portal, {})
        if cell.method == "POST" and not cell.template.startswith(("/log-ind", "/demo-login"))
    }
    return sorted(one for one in wanted if re.sub(r"\{\w+\}", "x", one) not in templates)


async def _try(world: World, form: Found, changed: dict[str, str | bytes]) -> None:
    """A form with these fields changed, and the page it leads to; afterwards everything is as before."""
    answer = await world.send(form, changed)
    if answer.status_code == 303:
        there = answer.headers["location"]
        path, at = there.split("?")[0], "/".join([form.kind, *changed])
        await world.ask(form.who, path, dict(httpx.URL(there).params), at=at)
        await world.back()


def _in_all(form: Found, start: int, each: int) -> Iterator[dict[str, str | bytes]]:
    """Strings in all fields at once, another one in each, so that each field meets `each` of them."""
    for step in range(each):
        yield {
            name: WELL_FORMED[(start + step + 13 * at) % len(WELL_FORMED)]
            for at, name in enumerate(form.names)
        }
    for at, said in enumerate(MALFORMED[: each // 5]):
        yield {form.names[at % len(form.names)]: said}


def _alone(form: Found, start: int, each: int) -> Iterator[dict[str, str | bytes]]:
    """One string in one field while all the others are right. The key, which nobody judges, goes along."""
    every = list(STRINGS.values())
    for at, name in enumerate(form.names):
        for step in range(each):
            said = every[(start + 31 * at + 7 * step) % len(every)]
            yield {name: said, **({"key": said} if "key" in form.names else {})}


@pytest.mark.parametrize("half", [0, 1])
async def test_every_field_of_every_form_gets_sixty_hostile_strings(
    world: World, engine: str, half: int
) -> None:
    """Sixty for each field together with others, and some in each alone; on PostgreSQL three and one."""
    began = time.perf_counter()
    each, alone = (EACH, ALONE) if engine == "sqlite" else (3, 1)
    assert _covered(world) == []
    for number, form in enumerate(world.forms):
        if number % 2 == half:
            for changed in (*_in_all(form, 7 * number, each), *_alone(form, 7 * number, alone)):
                await _try(world, form, changed)
            await world.back()
    world.report(began)
    assert world.faults == {}
    assert world.said > 5 * each


def _form(world: World, kind: str, *has: str) -> Found:
    """The last one found: a preview has the button that sends, the page before it has not."""
    return [one for one in world.forms if one.kind.endswith(kind) and set(has) <= set(one.names)][-1]


async def _store(world: World, start: int) -> dict[str, str]:
    """Another string in everything people can write freely; gives the new conversation and request."""
    made = {"talk": "", "case": world.objects[4]["case"]}
    for number, (kind, names) in enumerate(WRITTEN):
        form = _form(world, kind, *names)
        said = {name: STORABLE[(start + 5 * number + at) % len(STORABLE)] for at, name in enumerate(names)}
        calm = {"protected_address": ""} if kind.endswith("oplysninger") else {}
        if "version" in form.names:  # another form may have changed the case a moment ago
            desk = form.action.rsplit("/", 1)[0]
            opened = (await world.people[form.who].ask(desk, {})).text
            calm |= {"version": re.findall(r'name="version" value="(\d+)"', opened)[-1]}
        answer = await world.send(form, {**said, **calm})
        if answer.status_code == 303:
            world.carried_out.add(kind)
        if kind.endswith("samtale/ny") and answer.status_code == 303:
            made["talk"] = answer.headers["location"].split("?")[0].rsplit("/", 1)[-1]
    return made


async def _read_all(world: World, made: dict[str, str]) -> None:
    """Everybody opens the pages where it is shown."""
    own = [one["case"] for one in world.objects[1:4]]
    cases, talks = (
        {*own, made["case"], world.objects[0]["case"]},
        {made["talk"], world.objects[0]["talk"]} - {""},
    )
    pages = {
        "amina": ["borger", "borger/hjaelpere", "borger/oplysninger", "borger/log"],
        "birger": [
            "borger",
            "borger/hjaelpere",
            *(f"borger/samtale/{made['talk']}" for _ in made["talk"][:1]),
        ],
        "bo": ["virksomhed", *(f"virksomhed/sag/{case}" for case in sorted(cases))],
        "clara": ["medarbejder/virksomheder", *(f"medarbejder/sag/{case}" for case in sorted(cases))],
        "rikke": ["medarbejder/borgere", *(f"medarbejder/samtale/{talk}" for talk in sorted(talks))],
        "tove": ["medarbejder/tavle", "medarbejder/opslag"],
        "ada": ["medarbejder/kommune"],
    }
    for who, paths in pages.items():
        for path in paths:
            await world.ask(who, f"/silkeborg/{path}", {}, at=f"stored: {path}")
    for who in ("amina", "bo"):
        form = _form(world, "mine-oplysninger")
        fields: dict[str, str | bytes] = {"csrf": world.tokens[who], "as": "page"}
        await world.ask(who, form.action, fields, "post", at="stored: mine-oplysninger")


async def test_what_was_stored_is_text_on_every_page_that_shows_it(world: World, engine: str) -> None:
    """Staff's pages, receipts, letters and people's own: each storable string stands in several fields."""
    began = time.perf_counter()
    for start in range(0, len(STORABLE), 3 if engine == "sqlite" else 20):
        made = await _store(world, start)
        await _read_all(world, made)
        await world.back()
    world.report(began)
    assert world.faults == {}
    assert world.carried_out == {kind for kind, _ in WRITTEN}
    assert world.said > 15 * len(STORABLE) // (3 if engine == "sqlite" else 20)


async def test_the_oracle_is_red_when_nothing_is_escaped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same templates, compiled without escaping, in the same app for as long as this test lasts."""
    bare = environment.__wrapped__(new_id).overlay(autoescape=False, cache_size=400)
    for name, template in COMPONENTS.items():
        monkeypatch.setitem(bare.globals, name, bare.get_template(template).module)
    monkeypatch.setattr(world.portal.app.state, "wiring", replace(world.portal.app.state.wiring, pages=bare))
    await _read_all(world, await _store(world, 0))
    await world.back()
    red = {fault.split(":")[0] for fault in world.faults}
    assert {"a script", "an element", "an attribute"} <= red, red
