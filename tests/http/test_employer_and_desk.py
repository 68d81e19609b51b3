"""A company's request from the first step to the decision, and the desk that handles it, on both engines."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from portal.store.tables import Message, Outbox, PlacementCase
from tests import cast, page
from tests.conftest import Person, Portal

STEP2 = {
    "workplace": "Torvet 3",
    "p_number": "1000000001",
    "sector": "private",
    "who": "open",
    "positions": "2",
}
STEP3 = {"ordinary_fte": "14", "supported_fte": "0"}
STEP4 = {
    "job_title": "Bager",
    "tasks": "Bage brød",
    "purpose": "Prøve faget",
    "weekly_hours": "30",
    "start": "14-12-2026",
    "weeks": "4",
    "vacated": "no",
}
STEP5 = {"representative": "agrees"}


async def _send(bo: Person, *, scheme: str = "placement", **changed: str) -> str:
    """A request sent by Bo; gives the case's id."""
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme=scheme)
    case = answer.headers["location"].split("/")[4]
    base = f"/virksomhed/sag/{case}"
    for step, values in ((2, STEP2), (3, STEP3), (4, STEP4), (5, STEP5)):
        if scheme == "recruitment" and step in (3, 5):
            continue
        fields = {name: changed.get(name, value) for name, value in values.items()}
        more = {name: value for name, value in changed.items() if name in ("candidate_name",) and step == 2}
        answer = await bo.fill(f"{base}/trin/{step}", f"/trin/{step}", action="next", **fields, **more)
        assert answer.status_code == 303, page.text(answer.text)
    answer = await bo.fill(f"{base}/trin/6", "/send")
    assert answer.status_code == 303, page.text(answer.text)
    return case


async def _count(portal: Portal, table: type) -> int:
    async with portal.store.reading(cast.HOME) as reader:
        return (await reader.one(select(func.count()).select_from(table)))[0]


async def _at_the_job(bo: Person) -> str:
    """A draft of Bo's that has come to the step about the job."""
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    base = "/".join(["/virksomhed/sag", answer.headers["location"].split("/")[4], "trin"])
    for step, values in ((2, STEP2), (3, STEP3)):
        await bo.fill(f"{base}/{step}", f"/trin/{step}", action="next", **values)
    return f"{base}/4"


@pytest.mark.parametrize(
    ("title", "understood"), [("bagersvend", "Bager"), ("LASTBIL CHAUFOR", "Lastbilchauffør"), ("qq zz", "")]
)
async def test_a_job_title_is_understood_and_shown_to_the_company(
    portal: Portal, title: str, understood: str
) -> None:
    bo = await portal.log_in("bo")
    step = await _at_the_job(bo)
    answer = await bo.fill(step, "/trin/4", action="next", **{**STEP4, "job_title": title})
    assert answer.status_code == 303, page.text(answer.text)
    shown = page.text((await bo.see(step.replace("/trin/4", "/trin/6"))).text)
    assert f"Stilling {title}" in shown
    assert (f"Det forstår vi som {understood}" in shown) == bool(understood)
    assert ("Det forstår vi som" in shown) == bool(understood)


@pytest.mark.parametrize(("chosen", "understood"), [("first", True), ("none", False), (None, False)])
async def test_an_unsure_job_title_is_asked_about_once_and_holds_nobody_back(
    portal: Portal, chosen: str | None, understood: bool
) -> None:
    bo = await portal.log_in("bo")
    step = await _at_the_job(bo)
    asked = await bo.fill(step, "/trin/4", action="next", **{**STEP4, "job_title": "noget med dyr"})
    assert asked.status_code == 200
    assert "Mente I en af disse?" in page.text(asked.text)
    offered = page.form(asked.text, "/trin/4").choices["occupation"]
    assert offered[-1] == "none"
    assert 2 <= len(offered) <= 6
    picked = {"first": {"occupation": offered[0]}, "none": {"occupation": "none"}, None: {}}[chosen]
    assert (await bo.send(asked.text, "/trin/4", action="next", **picked)).status_code == 303
    shown = page.text((await bo.see(step.replace("/trin/4", "/trin/6"))).text)
    assert ("Det forstår vi som" in shown) == understood


async def test_staff_find_a_request_by_what_the_job_is_called(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    await _send(bo)
    for words, found in (
        ("bagere", True),
        ("konditor", True),
        ("murer", False),
        ("Bos", True),
        ("zzzz", False),
    ):
        shown = page.text((await clara.see(f"/medarbejder/virksomheder?soeg={words}")).text)
        assert ("Bos firma" in shown) == found, words
    assert "Også henvendelser om: Bager" in page.text(
        (await clara.see("/medarbejder/virksomheder?soeg=konditor")).text
    )


async def test_a_request_is_sent_read_asked_about_and_decided(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo)
    receipt = page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
    assert "et menneske har læst den senest onsdag den 25. november" in receipt
    queue = page.text((await clara.see("/medarbejder/virksomheder?team=virksomhedsteam")).text)
    assert "Bos firma" in queue
    assert "Virksomhedsteamet tager sig af den." in queue

    desk = f"/medarbejder/sag/{case}"
    assert (await clara.fill(desk, "/tag")).status_code == 303
    assert "Læst af Clara" in page.text((await bo.see(f"/virksomhed/sag/{case}")).text)

    assert (await clara.fill(desk, "/spoerg", words="Hvem er kontaktperson?")).status_code == 303
    assert "Vi venter på jeres svar" in page.text((await bo.see(f"/virksomhed/sag/{case}")).text)
    assert (await bo.fill(f"/virksomhed/sag/{case}", "/tilfoej", words="Det er Bo.")).status_code == 303

    preview = await clara.fill(
        desk, "/afgoer", outcome="refused", reasons="Der er for mange.", law="BAB § 65"
    )
    assert "Intet er sendt endnu" in page.text(preview.text)
    assert "Afgørelse" not in page.text((await bo.see(f"/virksomhed/sag/{case}")).text)

    assert (await clara.send(preview.text, "/afgoer", action="send")).status_code == 303
    decided = page.text((await bo.see(f"/virksomhed/sag/{case}")).text)
    assert "Afgørelse: afslag" in decided
    assert "klage over afgørelsen inden 4 uger" in decided
    assert "Der er for mange." in decided
    timeline = page.text((await clara.see(desk)).text)
    for words in (
        "sendte henvendelsen",
        "tog sagen",
        "spurgte virksomheden",
        "svarede på spørgsmålet",
        "gav afslag",
    ):
        assert words in timeline


async def test_an_approval_has_no_complaint_guidance(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo)
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    preview = await clara.fill(
        f"/medarbejder/sag/{case}", "/afgoer", outcome="granted", reasons="Alt er i orden.", law="LAB kap. 11"
    )
    assert "Klagevejledning" not in page.text(preview.text)
    await clara.send(preview.text, "/afgoer", action="send")
    assert "Personen må begynde 14. december 2026" in page.text(
        (await bo.see(f"/virksomhed/sag/{case}")).text
    )


async def test_a_double_press_on_send_and_decide_does_it_once(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo)
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    preview = await clara.fill(
        f"/medarbejder/sag/{case}", "/afgoer", outcome="granted", reasons="Ja.", law="LAB"
    )
    first = await clara.send(preview.text, "/afgoer", action="send")
    again = await clara.send(preview.text, "/afgoer", action="send")
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    async with portal.store.reading(cast.HOME) as reader:
        decided = await reader.all(select(Message.id).where(Message.kind == "placement.decided"))
        letters = await reader.all(select(Outbox.id).where(Outbox.once == f"decided:{case}"))
    assert (len(decided), len(letters)) == (1, 1)


async def test_two_claim_at_once_and_the_other_is_told_who_and_when(portal: Portal) -> None:
    bo, clara, carl = await portal.log_in("bo"), await portal.log_in("clara"), await portal.log_in("carl")
    case = await _send(bo)
    pages = [await one.see(f"/medarbejder/sag/{case}") for one in (clara, carl)]
    answers = await asyncio.gather(clara.send(pages[0].text, "/tag"), carl.send(pages[1].text, "/tag"))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert any(f"{name} tog sagen 23. nov. kl. 09.00" in page.text(lost.text) for name in ("Clara", "Carl"))


async def test_conditions_are_judged_while_typing_and_nothing_is_saved(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    address = answer.headers["location"].removeprefix("/silkeborg").rsplit("/", 1)[0]
    await bo.fill(f"{address}/2", "/trin/2", action="next", **STEP2)
    await bo.fill(f"{address}/3", "/trin/3", action="next", ordinary_fte="4", supported_fte="0")
    opened = await bo.see(f"{address}/4")
    found = page.form(opened.text, "/trin/4")
    headers = {"hx-request": "true", "hx-target": "conditions"}
    part = await bo.browser.post(
        found.action, data={**found.fields, "weekly_hours": "30", "start": "24-11-2026"}, headers=headers
    )
    said = page.text(part.text)
    assert "<main" not in part.text
    assert "højst 1 pladser" in said
    assert "Tidligste start er 30. november 2026." in said
    assert (await bo.see(f"{address}/4")).text.count('value="30"') == 0


async def test_a_mistake_keeps_what_was_typed_and_says_what_to_do(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    address = answer.headers["location"].removeprefix("/silkeborg")
    wrong = await bo.fill(
        address, "/trin/2", action="next", **{**STEP2, "p_number": "12", "workplace": "Torvet <3>"}
    )
    assert wrong.status_code == 422
    assert "Et P-nummer har 10 cifre" in page.text(wrong.text)
    assert page.form(wrong.text, "/trin/2").fields["workplace"] == "Torvet <3>"
    assert page.form((await bo.see(address)).text, "/trin/2").fields["p_number"] == "12"


async def test_a_named_candidate_confirms_by_code_and_the_company_sees_none_of_it(portal: Portal) -> None:
    bo, amina, clara = await portal.log_in("bo"), await portal.log_in("amina"), await portal.log_in("clara")
    case = await _send(bo, who="named", candidate_name="Amina")
    receipt = (await bo.see(f"/virksomhed/sag/{case}/kvittering")).text
    code = page.text(receipt).split("Giv koden til Amina ")[1].split(" ")[0]
    found = await amina.fill("/borger/kandidat", "/kandidat", code=code)
    assert "Bos firma" in page.text(found.text)
    answer = await amina.send(
        found.text, "/kandidat", agrees="yes", weeks_unemployed="30", worked_here_last="1"
    )
    assert answer.status_code == 303
    desk = await clara.see(f"/medarbejder/sag/{case}")
    assert "Har sagt ja." in page.text(desk.text)
    await clara.send(desk.text, "/kandidat", target_group="6")
    assert "Kandidaten er sygemeldt" in page.text((await clara.see_because(f"/medarbejder/sag/{case}")).text)
    seen = page.text((await bo.see(f"/virksomhed/sag/{case}")).text) + page.text(
        (await bo.see("/virksomhed")).text
    )
    for secret in ("sygemeldt", "Fastholdelse", "fastholdelse", "senest ansat", "30 uger"):
        assert secret not in seen
    assert "Det undersøger vi sammen med kandidaten." in seen


async def test_guessing_candidate_codes_is_limited(portal: Portal) -> None:
    bo, amina = await portal.log_in("bo"), await portal.log_in("amina")
    case = await _send(bo, who="named", candidate_name="Amina")
    code = (
        page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
        .split("Giv koden til Amina ")[1]
        .split(" ")[0]
    )
    for guess in range(10):
        assert (
            await amina.fill("/borger/kandidat", "/kandidat", code=f"AAAA-BBBB-{guess:04}")
        ).status_code == 422
    assert (await amina.fill("/borger/kandidat", "/kandidat", code=code)).status_code == 422
    portal.later(minutes=16)
    assert (await amina.fill("/borger/kandidat", "/kandidat", code=code)).status_code == 200


async def test_recruitment_has_four_steps_and_its_own_team(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo, scheme="recruitment")
    assert "I søger hjælp til at rekruttere." in page.text((await clara.see(f"/medarbejder/sag/{case}")).text)


async def test_withdrawing_and_sending_twice_is_refused_calmly(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    case = await _send(bo)
    again = await bo.fill(f"/virksomhed/sag/{case}/traek-tilbage", "/traek-tilbage")
    assert again.status_code == 303
    twice = await bo.fill(f"/virksomhed/sag/{case}/traek-tilbage", "/traek-tilbage")
    assert twice.status_code == 409
    assert "Sagen har ændret sig" in page.text(twice.text)


async def test_unread_past_the_promise_is_on_the_board(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    await _send(bo)
    portal.later(days=3)
    tove = await portal.log_in("tove")
    assert "1 virksomheder, som ingen har læst i tide" in page.text(
        (await tove.see("/medarbejder/tavle")).text
    )


async def test_a_draft_is_nobody_elses(portal: Portal) -> None:
    bo, lise, clara = await portal.log_in("bo"), await portal.log_in("lise"), await portal.log_in("clara")
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    case = answer.headers["location"].split("/")[4]
    assert (await lise.see(f"/virksomhed/sag/{case}")).status_code == 404
    assert (await clara.see(f"/medarbejder/sag/{case}")).status_code == 404
    assert await _count(portal, PlacementCase) == 1
