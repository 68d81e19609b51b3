"""Reglerne for everybody; drafts proved, compared and published by a second person, in force on their own day."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import date, datetime

import pytest
import structlog
from sqlalchemy import select, text

from portal import worker
from portal.domain.calendar import local_date
from portal.domain.errors import RefusedError
from portal.store import rule_layers, verification
from portal.store.database import Store
from portal.store.tables import Dialogue, Journal, RuleLayer, Staff
from portal.triage.source import Source
from tests import cast, page
from tests.conftest import Person, Portal, behind
from tests.keys import RING
from tests.processes.servers import PORTAL, environment

DRAFT = """language = 2
id = "lokal"
municipality = "740"
version = "2026-12-01"
valid_from = 2026-12-01
law = "Byrådet 20/11/2026, punkt 4"
note.da = "Her holder vi samtalen inden for otte dage."
note.en = "Here we hold the conversation within eight days."

[[figure]]
name = "guarantee.days"
value = 8
law = "Byrådet 20/11/2026, punkt 4"
confidence = "policy"

[[insert]]
table = "route"
after = "route.sick.follow_up"
[insert.row]
id = "route.740.ready"
when.readiness.equal = "now"
when.health.equal = "none"
then.route = "self_directed_job_search"
law = "Byrådet 20/11/2026, punkt 4"
confidence = "policy"
why.da = "Du kan tage et job nu, og dit helbred sætter ingen grænser."
why.en = "You can take a job now, and your health sets no limits."
"""
BROKEN = DRAFT.replace("value = 8", "value = 12")


@pytest.fixture
async def other(portal: Portal) -> Person:
    """A second administrator."""
    async with portal.store.writing(cast.staff("ada"), portal.now) as unit:
        row = await unit.find(Staff, cast.identity("clara"))
        row.role, row.team_id = "administrator", None
        await unit.commit(unnoted=True)
    return await portal.log_in("clara", door="medarbejder")


async def _draft(ada: Person, content: str) -> str:
    answer = await ada.fill("/medarbejder/regler", "/medarbejder/regler", content=content)
    assert answer.status_code == 303, page.text(answer.text)
    return answer.headers["location"].removeprefix("/silkeborg")


async def _codes(store: Store) -> list[str]:
    async with store.reading(cast.HOME) as reader:
        found = await reader.all(
            select(Journal.code).where(Journal.code.startswith("rules.")).order_by(Journal.number)
        )
    return [row[0] for row in found]


# ------------------------------------------------------------------ for everybody


async def test_anybody_reads_every_rule_with_law_and_what_is_different_here(portal: Portal) -> None:
    shown = await portal.browser().get("/silkeborg/regler")
    assert shown.status_code == 200
    said = page.text(shown.text)
    assert "Silkeborg er fra 1. juli 2023 til udgangen af 2026 sat fri" in said
    assert "LAB § 31, stk. 1 (LBK 280 af 1/3/2024)" in said
    assert "ikke kendt" in said  # the rates of wage subsidy
    for _, row in portal.store.shelf_of("740").in_force("740", local_date(portal.now)).rows():
        assert f'id="{row.id}"' in shown.text
        assert f'href="#{row.id}"' in shown.text
    english = page.text((await portal.browser().get("/silkeborg/regler?lang=en")).text)
    assert "The first row that fits decides." in english


async def test_a_search_finds_rows_by_all_their_words(portal: Portal) -> None:
    browser = portal.browser()
    found = page.text((await browser.get("/silkeborg/regler?soeg=sygedagpenge+uger")).text)
    assert "route.sick.returning" in found
    assert "route.education.youth" not in found
    none = page.text((await browser.get("/silkeborg/regler?soeg=kvantefysik")).text)
    assert "Ingen regler har de ord" in none
    hostile = await browser.get("/silkeborg/regler", params={"soeg": "<script>x</script>"})
    assert "<script>x" not in hostile.text


# ------------------------------------------------------------------ administration


async def test_a_draft_is_proved_compared_and_published_by_a_second_person_on_its_day(
    portal: Portal, other: Person
) -> None:
    ada, amina = await portal.log_in("ada"), await portal.log_in("amina")
    address = await _draft(ada, DRAFT)
    seen = page.text((await ada.see(address)).text)
    assert "Alle får en vej, alle hegnspæle står" in seen
    assert "route.holistic.social" in seen  # who would move
    assert "inden for 8 dage" in seen
    assert "guarantee_days" not in seen.split("Reglerne")[0]
    refused = await ada.browser.post(f"/silkeborg{address}/udgiv", data=_token(await ada.see(address)))
    assert refused.status_code == 422
    assert "En anden administrator skal udgive den" in refused.text
    assert (await other.fill(address, "/udgiv")).status_code == 303
    assert await _codes(portal.store) == ["rules.drafted", "rules.published"]
    asking = await amina.see("/borger/samtale/ny")
    assert "10 dage" in page.text(asking.text)
    walk = await amina.fill("/borger/vej", "/borger/vej")
    portal.now = datetime(2026, 12, 1, 8, 0, tzinfo=portal.now.tzinfo)
    amina = await portal.log_in("amina")
    assert "8 dage" in page.text((await amina.see("/borger/samtale/ny")).text)
    public = page.text((await amina.see("/regler")).text)
    assert "Her holder vi samtalen inden for otte dage." in public
    assert "route.740.ready" in public
    async with portal.store.reading(cast.HOME) as reader:
        pinned = (await reader.rows(select(Dialogue)))[0].rulebook
    assert pinned["version"] == "2026-11-25+2023-07-01"  # it goes on by what it began with
    assert (await amina.browser.get(walk.headers["location"])).status_code == 200
    async with portal.store.reading(cast.HOME) as reader:
        assert await verification.verify(reader) == []


def _token(answer: object) -> dict[str, str]:
    found = page.forms(answer.text)[-1]  # type: ignore[attr-defined]
    return {name: value for name, value in found.fields.items() if name in ("csrf", "key")}


async def test_a_draft_that_breaks_a_rail_cannot_be_published_by_anyone(
    portal: Portal, other: Person
) -> None:
    ada = await portal.log_in("ada")
    address = await _draft(ada, BROKEN)
    shown = await other.see(address)
    assert "rail.guarantee" in page.text(shown.text)
    assert not [form for form in page.forms(shown.text) if form.action.endswith("/udgiv")]
    forced = await other.browser.post(f"/silkeborg{address}/udgiv", data=_token(shown))
    assert forced.status_code == 422
    assert "Kladden har fejl" in forced.text
    assert await _codes(portal.store) == ["rules.drafted"]
    async with portal.store.writing(cast.staff("ada"), portal.now) as unit:
        row = (await unit.rows(select(RuleLayer)))[0]
        row.created_by = "somebody"
        with pytest.raises(RefusedError):
            await rule_layers.publish(unit, row.id)


async def test_the_database_itself_holds_the_four_eyes(portal: Portal) -> None:
    ada = await portal.log_in("ada")
    await _draft(ada, DRAFT)
    with pytest.raises(Exception, match=r"(?i)check"):
        async with behind(portal.database) as connection:
            await connection.execute(text("UPDATE rulelayer SET published_by = created_by"))


async def test_what_cannot_be_read_comes_back_with_the_line_and_the_words(portal: Portal) -> None:
    ada = await portal.log_in("ada")
    answer = await ada.fill(
        "/medarbejder/regler", "/medarbejder/regler", content=DRAFT.replace("value = 8", "value = ")
    )
    assert answer.status_code == 422
    assert "Linje 12:" in page.text(answer.text)
    assert "Byrådet 20/11/2026" in answer.text
    foreign = await ada.fill(
        "/medarbejder/regler", "/medarbejder/regler", content=DRAFT.replace('"740"', '"751"')
    )
    assert foreign.status_code == 422
    assert "a draft is for its own municipality" in foreign.text
    early = await _draft(ada, DRAFT.replace("2026-12-01", "2026-11-23"))
    assert early


async def test_rules_begin_tomorrow_at_the_earliest_and_a_draft_can_be_discarded(
    portal: Portal, other: Person
) -> None:
    ada = await portal.log_in("ada")
    address = await _draft(ada, DRAFT.replace("2026-12-01", "2026-11-23"))
    late = await other.fill(address, "/udgiv")
    assert late.status_code == 422
    assert "tidligst i morgen" in late.text
    assert (await ada.fill(address, "/kasser")).status_code == 303
    assert await _codes(portal.store) == ["rules.drafted", "rules.dropped"]
    assert (await ada.see("/medarbejder/regler")).status_code == 200


async def test_another_process_sees_what_was_published_and_next_door_does_not(
    portal: Portal, other: Person, database: str
) -> None:
    elsewhere = Store(database, RING)
    await elsewhere.municipalities()
    address = await _draft(await portal.log_in("ada"), DRAFT)
    await other.fill(address, "/udgiv")
    day = date(2026, 12, 1)
    assert elsewhere.shelf_of(cast.HOME).in_force(cast.HOME, day).number("guarantee.days") == 10
    await elsewhere.municipality_at("silkeborg")
    assert elsewhere.shelf_of(cast.HOME).in_force(cast.HOME, day).number("guarantee.days") == 8
    await elsewhere.municipality_at("aarhus")
    assert elsewhere.shelf_of(cast.NEXT_DOOR).in_force(cast.NEXT_DOOR, day).number("guarantee.days") == 10
    async with elsewhere.reading(cast.NEXT_DOOR) as reader:
        assert await reader.rows(select(RuleLayer)) == []
    await elsewhere.close()


async def test_the_command_proves_what_was_published(portal: Portal, other: Person) -> None:
    address = await _draft(await portal.log_in("ada"), DRAFT)
    await other.fill(address, "/udgiv")

    async def said() -> tuple[int, str]:
        command = [*PORTAL, "rules", "check", "--published", "--on", "2026-12-01"]
        env = environment(portal.database)
        done = await asyncio.to_thread(
            subprocess.run, command, env=env, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    code, lines = await said()
    assert code == 0
    assert "ok  740 Silkeborg: national+740" in lines
    assert "+2026-12-01 " in lines
    async with behind(portal.database) as connection:  # what was published then, and would not be now
        await connection.execute(text("UPDATE rulelayer SET content = :broken"), {"broken": BROKEN})
        await connection.commit()
    code, lines = await said()
    assert code == 1
    assert "rail.guarantee" in lines


async def test_the_outcome_says_what_was_near_and_what_would_have_led_elsewhere(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    answer = await amina.fill("/borger/vej", "/borger/vej")
    for _ in range(15):
        opened = await amina.see(answer.headers["location"].removeprefix("/silkeborg"))
        asks = [form for form in page.forms(opened.text) if "/ret/" in form.action]
        if not asks:
            break
        choices = {
            "benefit": "dagpenge",
            "social_barriers": "0",
            "health": "none",
            "readiness": "now",
            "education": "vocational",
        }
        fact = asks[0].action.split("/")[-1]
        given = {"answer": choices[fact]} if fact in choices else {"action": "decline"}
        answer = await amina.browser.post(asks[0].action, data={**asks[0].fields, **given})
    done = await amina.send(opened.text, "/svar")
    said = page.text((await amina.browser.get(done.headers["location"])).text)
    assert "Hvad ville have ført et andet sted hen?" in said
    assert "havde det været: helhedsforløb" in said
    assert "route." not in said.split("Reglen bag")[0]


# ------------------------------------------------------------------ what a hostile reader tried


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('when.readiness.equal = "now"', 'when.age.less_than = "30"'),
        ("value = 8", 'value = "otte"'),
        ("valid_from = 2026-12-01", "valid_from = 2026-12-01T00:00:00"),
        ("valid_from = 2026-12-01", "valid_from = 2020-01-01\nvalid_to = 2020-02-01"),
        ('when.readiness.equal = "now"\nwhen.health.equal = "none"', "when = 3"),
        ('name = "guarantee.days"', 'name = "ratio.first_per"'),
    ],
)
async def test_an_ordinary_mistake_is_shown_and_the_draft_can_be_thrown_away(
    portal: Portal, other: Person, before: str, after: str
) -> None:
    ada = await portal.log_in("ada")
    assert DRAFT.count(before) == 1
    address = await _draft(ada, DRAFT.replace(before, after).replace("value = 8", "value = 0"))
    shown = await ada.see(address)
    assert shown.status_code == 200
    assert "Kladden kan ikke udgives" in page.text(shown.text)
    token = _token(await other.see(address))
    assert (await other.browser.post(f"/silkeborg{address}/udgiv", data=token)).status_code == 422
    assert (await ada.send(shown.text, "/kasser")).status_code == 303


@pytest.mark.parametrize("content", ["a = " + "9" * 5_000, "a = " + "[" * 9_000])
async def test_what_is_no_toml_at_all_is_said_to_be_none(portal: Portal, content: str) -> None:
    ada = await portal.log_in("ada")
    answer = await ada.fill("/medarbejder/regler", "/medarbejder/regler", content=content)
    assert answer.status_code == 422
    assert "this is not TOML" in answer.text


async def test_of_two_who_publish_at_once_only_what_holds_together_is_published(
    portal: Portal, other: Person
) -> None:
    """The one switches off the row the other stands by: whoever comes second is told so."""
    ada = await portal.log_in("ada")
    one = (
        DRAFT.replace('"lokal"', '"en"')
        .replace(DRAFT[DRAFT.index("[[insert]]") :], "")
        .replace("value = 8", "value = 9")
    )
    one += '\n[[switch_off]]\ntable = "offer"\nid = "offer.yearly"\n'
    two = DRAFT.replace('"lokal"', '"to"').replace(
        DRAFT[DRAFT.index("[[figure]]") : DRAFT.index("[[insert]]")], ""
    )
    two = two.replace(
        'table = "route"\nafter = "route.sick.follow_up"', 'table = "offer"\nafter = "offer.yearly"'
    )
    two = two.replace('then.route = "self_directed_job_search"', 'then.offer = "first"')
    addresses = [await _draft(ada, content) for content in (one, two)]
    opened = [await other.see(address) for address in addresses]
    assert all("Udgiv reglerne" in answer.text for answer in opened)
    sent = [
        other.browser.post(f"/silkeborg{address}/udgiv", data=page.form(answer.text, "/udgiv").fields)
        for address, answer in zip(addresses, opened, strict=True)
    ]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    async with portal.store.reading(cast.HOME) as reader:
        published = await reader.all(select(RuleLayer.id).where(RuleLayer.state == "published"))
        listed = (await reader.here()).rule_layers
    assert [row[0] for row in published] == listed
    portal.now = datetime(2026, 12, 2, 8, 0, tzinfo=portal.now.tzinfo)
    assert (await portal.browser().get("/silkeborg/regler")).status_code == 200


async def test_what_has_not_begun_can_be_withdrawn_and_what_has_cannot(portal: Portal, other: Person) -> None:
    ada = await portal.log_in("ada")
    address = await _draft(ada, DRAFT)
    assert (await other.fill(address, "/udgiv")).status_code == 303
    assert (await other.fill(address, "/traek-tilbage")).status_code == 303
    assert await _codes(portal.store) == ["rules.drafted", "rules.published", "rules.withdrawn"]
    again = await _draft(ada, DRAFT)
    assert (await other.fill(again, "/udgiv")).status_code == 303
    opened = await other.see(again)
    portal.now = datetime(2026, 12, 1, 8, 0, tzinfo=portal.now.tzinfo)
    late = await portal.log_in("clara", door="medarbejder")
    assert "Træk reglerne tilbage" not in (await late.see(again)).text
    fields = _token(await late.see("/medarbejder/regler"))
    forced = await late.browser.post(f"/silkeborg{again}/traek-tilbage", data=fields)
    assert forced.status_code == 422
    assert "Reglerne er begyndt" in forced.text
    assert "Træk reglerne tilbage" in opened.text


async def test_layers_that_do_not_read_together_leave_every_page_there_and_are_said_aloud(
    portal: Portal,
) -> None:
    """Nobody can publish such a thing; should it stand there all the same, the national rules hold."""
    lost = DRAFT.replace('after = "route.sick.follow_up"', 'after = "route.gone"').replace(
        "2026-12-01", "2026-11-01"
    )
    broken = portal.store.shelf_of("740").with_layers([Source.of(lost, "lost.toml")])
    portal.store._shelves["740"] = ((), broken)
    for path in ("", "/regler", "/hjaelp"):
        assert (await portal.browser().get(f"/silkeborg{path}")).status_code == 200
    amina = await portal.log_in("amina")
    assert "10 dage" in page.text((await amina.see("/borger/samtale/ny")).text)
    with structlog.testing.capture_logs() as logged:
        worker.watch_rules(portal.store, "740", portal.now.date())
    assert "do not read" in logged[0]["event"]


async def test_promises_and_time_limits_are_changed_by_two_and_shown_to_all(
    portal: Portal, other: Person
) -> None:
    ada = await portal.log_in("ada")
    shown = page.text((await ada.see("/medarbejder/kommune")).text)
    assert "inden for 10 dage" in shown
    assert "tidligst efter 5 arbejdsdage" in shown
    gone = await ada.browser.post("/silkeborg/medarbejder/kommune/loefte", data={"guarantee_days": "1"})
    assert gone.status_code == 404
    address = await _draft(ada, DRAFT)
    assert (await other.fill(address, "/udgiv")).status_code == 303
    portal.now = datetime(2026, 12, 1, 8, 0, tzinfo=portal.now.tzinfo)
    assert "inden for 8 dage" in page.text((await portal.browser().get("/silkeborg")).text)
