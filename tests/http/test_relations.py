"""Companion and power of attorney: recorded by the citizen, in what and until when, looked up at every request."""

from __future__ import annotations

import pytest

from tests import page
from tests.conftest import Person, Portal


async def _give(amina: Person, *scope: str, until: str = "31-12-2026") -> str:
    """A power of attorney to Birger; gives the code."""
    more = dict.fromkeys(scope, "1")
    answer = await amina.fill(
        "/borger/hjaelpere",
        "/borger/hjaelpere",
        kind="power_of_attorney",
        name="Birger",
        ends_on=until,
        **more,
    )
    assert answer.status_code == 303, page.text(answer.text)
    return page.text((await amina.see("/borger/hjaelpere")).text).split("eget MitID: ")[1].split(" ")[0]


async def _act(birger: Person) -> None:
    opened = await birger.see("/borger/hjaelpere")
    found = next(one for one in page.forms(opened.text) if one.action.endswith("/brug"))
    assert (await birger.browser.post(found.action, data=found.fields)).status_code == 303


async def _both(portal: Portal, *scope: str, until: str = "31-12-2026") -> tuple[Person, Person]:
    amina, birger = await portal.log_in("amina"), await portal.log_in("birger")
    code = await _give(amina, *scope, until=until)
    assert (await birger.fill("/borger/hjaelpere", "/borger/fuldmagt", code=code.lower())).status_code == 303
    return amina, birger


async def test_a_representative_asks_for_a_conversation_and_the_journal_says_who(portal: Portal) -> None:
    amina, birger = await _both(portal, "conversations")
    before = birger.browser.cookies["portal"]
    await _act(birger)
    assert birger.browser.cookies["portal"] != before  # another role is another session
    home = page.text((await birger.see("/borger")).text)
    assert "Samtaler for Amina" in home
    opened = await birger.see("/borger/samtale/ny")
    assert "Du handler for Amina" in opened.text
    answer = await birger.send(opened.text, "/samtale/ny", slot="none", action="book")
    assert answer.status_code == 303
    assert "Din samtale" in page.text((await amina.see("/borger")).text)
    rikke = await portal.log_in("rikke")
    talk = answer.headers["location"].split("/")[-1].split("?")[0]
    said = page.text((await rikke.see(f"/medarbejder/samtale/{talk}")).text)
    assert "Birger bad om en samtale" in said
    assert "Birger (fuldmagt, til og med" in said


@pytest.mark.parametrize(
    "path", ["/borger/vej", "/borger/oplysninger", "/borger/kandidat", "/borger/log", "/borger/hjaelpere"]
)
async def test_it_reaches_no_further_than_it_says(portal: Portal, path: str) -> None:
    _amina, birger = await _both(portal, "conversations")
    await _act(birger)
    answer = await birger.see(path)
    assert answer.status_code == 403
    assert "Fuldmagten gælder ikke her" in page.text(answer.text)


async def test_messages_only_is_messages_only(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    await amina.fill("/borger/samtale/ny", "/samtale/ny", slot="none", action="book", about="Min ryg")
    birger = await portal.log_in("birger")
    code = await _give(amina, "messages")
    await birger.fill("/borger/hjaelpere", "/borger/fuldmagt", code=code)
    await _act(birger)
    home = (await birger.see("/borger")).text
    assert "Vi har modtaget dit ønske" in home
    assert "/borger/samtale/" not in home.split("<main")[1].split("</main")[0]
    assert (await birger.see("/borger/samtale/ny")).status_code == 403


async def test_an_end_is_an_end_at_the_next_request(portal: Portal) -> None:
    amina, birger = await _both(portal, "conversations")
    await _act(birger)
    assert (await birger.browser.get("/silkeborg/borger")).status_code == 200
    opened = await amina.see("/borger/hjaelpere")
    found = next(one for one in page.forms(opened.text) if one.action.endswith("/stop"))
    assert (await amina.browser.post(found.action, data=found.fields)).status_code == 303
    assert (await birger.browser.get("/silkeborg/borger")).status_code == 303
    again = await portal.log_in("birger")
    assert "/brug" not in (await again.see("/borger/hjaelpere")).text


async def test_it_ends_by_itself_on_its_last_day(portal: Portal) -> None:
    _amina, birger = await _both(portal, "conversations", until="24-11-2026")
    await _act(birger)
    portal.later(hours=40)  # past midnight of the last day; the session is kept alive on the way
    again = await portal.log_in("birger")
    assert "/brug" not in (await again.see("/borger/hjaelpere")).text
    assert (await birger.browser.get("/silkeborg/borger")).status_code == 303


async def test_oneself_again_is_a_session_of_its_own(portal: Portal) -> None:
    _amina, birger = await _both(portal, "conversations")
    await _act(birger)
    kept = birger.browser.cookies["portal"]
    answer = await birger.fill("/borger", "/fuldmagt/slut")
    assert answer.status_code == 303
    assert "Hej Birger" in page.text((await birger.see("/borger")).text)
    thief = portal.browser()
    thief.cookies.set("portal", kept)
    assert (await thief.get("/silkeborg/borger")).status_code == 303


async def test_a_code_is_good_once_for_one_other_person_and_guessing_is_limited(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    code = await _give(amina, "conversations")
    own = await amina.fill("/borger/hjaelpere", "/borger/fuldmagt", code=code)
    assert own.status_code == 422
    birger = await portal.log_in("birger")
    for number in range(10):
        assert (
            await birger.fill("/borger/hjaelpere", "/borger/fuldmagt", code=f"AAAA-BBBB-{number}222")
        ).status_code == 422
    assert (await birger.fill("/borger/hjaelpere", "/borger/fuldmagt", code=code)).status_code == 422
    portal.later(minutes=16)
    birger = await portal.log_in("birger")
    assert (await birger.fill("/borger/hjaelpere", "/borger/fuldmagt", code=code)).status_code == 303
    amina = await portal.log_in("amina")
    assert "eget MitID:" not in page.text((await amina.see("/borger/hjaelpere")).text)
    assert (await birger.fill("/borger/hjaelpere", "/borger/fuldmagt", code=code)).status_code == 422


async def test_a_companion_sees_nothing_and_staff_see_the_companion(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    await amina.fill(
        "/borger/hjaelpere", "/borger/hjaelpere", kind="companion", name="Søster Karla", ends_on="31-12-2026"
    )
    shown = page.text((await amina.see("/borger/hjaelpere")).text)
    assert "Søster Karla" in shown
    assert "kode. Den bruges" not in shown
    answer = await amina.fill("/borger/samtale/ny", "/samtale/ny", slot="none", action="book")
    rikke = await portal.log_in("rikke")
    talk = answer.headers["location"].split("/")[-1].split("?")[0]
    assert "Søster Karla (bisidder" in page.text((await rikke.see(f"/medarbejder/samtale/{talk}")).text)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "power_of_attorney", "name": "B"}, "Sæt flueben"),
        ({"kind": "x", "name": "B"}, "Vælg, om personen"),
        ({"kind": "companion", "name": ""}, "Skriv personens navn"),
        ({"kind": "companion", "name": "B", "ends_on": "01-01-2020"}, "Vælg en dag fra i dag"),
        ({"kind": "companion", "name": "B", "ends_on": "01-01-2030"}, "Vælg en dag fra i dag"),
        ({"kind": "companion", "name": "B", "ends_on": "i morgen"}, "Skriv en dato"),
    ],
)
async def test_a_mistake_is_said_and_nothing_typed_is_lost(
    portal: Portal, values: dict[str, str], said: str
) -> None:
    amina = await portal.log_in("amina")
    answer = await amina.fill("/borger/hjaelpere", "/borger/hjaelpere", **values)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{values["name"]}"' in answer.text
