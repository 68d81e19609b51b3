"""What a citizen can send in, parsed once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from litestar import Request

from portal.store.conversations import Wish
from portal.store.times import FORMS
from portal.text import gettext as _
from portal.triage.facts import CITIZEN, EDUCATIONS
from portal.web import forms
from portal.web.forms import Form
from portal.web.visit import Visit

ASK = ("form", "about", "language", "interpreter", "kontanthjaelp", "slot", "action")
MOVE = ("slot", "version", "own_choice", "action")
ANSWER = ("answer", "text", "action", "read", "tries")
TOLD = ("text", "action", "read", "tries")
DETAILS = ("email", "phone", "address", "channel", "protected_address", "lang")
CANDIDATE = ("code", "agrees", "weeks_unemployed", "education", "single_parent", "recent_graduate",
             "worked_here_last", "owner_is_partner")  # fmt: skip
ID_LENGTH = 32
EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


@dataclass(frozen=True)
class Asked:
    """What somebody asks for, and which time ("" when none was chosen, "none" when none suits)."""

    form: Form
    wish: Wish
    slot: str
    books: bool


async def read_ask(request: Request[Any, Any, Any], visit: Visit) -> Asked:
    form = await forms.read(request, visit, ASK)
    books = form["action"] == "book"
    wish = Wish(
        form=form["form"] if form["form"] in FORMS else "in_person",
        about=form.text("about", longest=1000),
        language=form.text("language", longest=60),
        interpreter=form.checked("interpreter"),
        kontanthjaelp=form.checked("kontanthjaelp"),
    )
    if books:
        form.choice("form", FORMS, _("Vælg, hvordan I skal tale sammen."))
        if not form["slot"]:
            form.wrong("slot", _("Vælg en tid, eller vælg, at ingen af tiderne passer."))
    return Asked(form, wish, form["slot"][:ID_LENGTH], books)


@dataclass(frozen=True)
class Moved:
    form: Form
    slot: str
    version: int
    own_choice: bool


async def read_move(request: Request[Any, Any, Any], visit: Visit) -> Moved:
    form = await forms.read(request, visit, MOVE)
    if not form["slot"]:
        form.wrong("slot", _("Vælg en ny tid."))
    return Moved(
        form, form["slot"][:ID_LENGTH], form.whole("version", 1, 10**6) or 0, form.checked("own_choice")
    )


@dataclass(frozen=True)
class Button:
    """A form that is only a button: its key, and the version of what it was pressed on."""

    key: str
    version: int


async def read_button(request: Request[Any, Any, Any], visit: Visit) -> Button:
    form = await forms.read(request, visit, ("version",))
    return Button(form["key"], form.whole("version", 1, 10**6) or 0)


async def read_answer(request: Request[Any, Any, Any], visit: Visit) -> Form:
    return await forms.read(request, visit, ANSWER)


async def read_start(request: Request[Any, Any, Any], visit: Visit) -> Form:
    return await forms.read(request, visit, ("text",))


async def read_told(request: Request[Any, Any, Any], visit: Visit, chips: Iterable[str]) -> Form:
    """What is told, and the `chips` that are kept."""
    return await forms.read(request, visit, (*TOLD, *chips))


@dataclass(frozen=True)
class Details:
    form: Form
    email: str
    phone: str
    address: str
    channel: str
    protected_address: bool
    lang: str


async def read_details(request: Request[Any, Any, Any], visit: Visit) -> Details:
    form = await forms.read(request, visit, DETAILS)
    channel = form.choice(
        "channel", ("email", "phone", "letter"), _("Vælg, hvordan vi skal give dig besked.")
    )
    email = form.text("email", longest=200)
    phone = form.text("phone", longest=30)
    if email and not EMAIL.fullmatch(email):
        form.wrong("email", _("Skriv en e-mailadresse, for eksempel navn@eksempel.dk."))
    if channel == "email" and not email:
        form.wrong("email", _("Skriv din e-mailadresse, eller vælg en anden måde at få besked på."))
    digits = phone.replace(" ", "").removeprefix("+")
    if phone and not (digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 15):
        form.wrong("phone", _("Skriv et telefonnummer med tal, for eksempel 12 34 56 78."))
    if channel == "phone" and not phone:
        form.wrong("phone", _("Skriv dit telefonnummer, eller vælg en anden måde at få besked på."))
    return Details(
        form,
        email,
        phone,
        form.text("address", longest=200),
        channel,
        form.checked("protected_address"),
        form.choice("lang", ("da", "en"), _("Vælg et sprog.")),
    )


@dataclass(frozen=True)
class CandidateAnswer:
    form: Form
    code: str
    agrees: bool | None
    facts: dict[str, Any]


async def read_candidate(request: Request[Any, Any, Any], visit: Visit) -> CandidateAnswer:
    """The code alone looks up what it is about; with yes or no it is answered."""
    form = await forms.read(request, visit, CANDIDATE)
    code = form.text("code", longest=40, needed=_("Skriv koden, du har fået af virksomheden."))
    agrees = {"yes": True, "no": False}.get(form["agrees"])
    facts: dict[str, Any] = {}
    if agrees:
        weeks = CITIZEN["weeks_unemployed"]
        facts["weeks_unemployed"] = form.whole("weeks_unemployed", weeks.low, weeks.high)
        if form["education"]:
            facts["education"] = form.choice("education", EDUCATIONS, _("Vælg en uddannelse fra listen."))
        for name in ("single_parent", "recent_graduate", "worked_here_last", "owner_is_partner"):
            facts[name] = form.checked(name)
    return CandidateAnswer(
        form, code, agrees, {key: value for key, value in facts.items() if value is not None}
    )
