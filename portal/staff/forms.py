"""What staff can send in, parsed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar import Request

from portal.domain.identity import cpr_number
from portal.store.conversations import Wish
from portal.store.times import FORMS
from portal.text import gettext as _
from portal.triage.facts import CANDIDATE, EDUCATIONS, Fact
from portal.web import forms
from portal.web.forms import Form
from portal.web.visit import Visit

FLAGS = ("single_parent", "recent_graduate", "worked_here_last", "owner_is_partner")
KNOWN = ("target_group", "age", "weeks_unemployed", "education", *FLAGS, "lives_in")
FURTHEST = timedelta(days=731)
ROLES = ("caseworker", "team_lead", "auditor", "administrator")


@dataclass(frozen=True)
class Button:
    """A form that is only a button: its key, and the version of the case it was pressed on."""

    key: str
    version: int


async def read_button(request: Request[Any, Any, Any], visit: Visit) -> Button:
    form = await forms.read(request, visit, ("version",))
    return Button(form["key"], form.whole("version", 1, 10**6) or 0)


@dataclass(frozen=True)
class Words:
    form: Form
    version: int
    words: str
    team: str


async def read_words(request: Request[Any, Any, Any], visit: Visit, needed: str) -> Words:
    form = await forms.read(request, visit, ("version", "words", "team"))
    words = form.text("words", longest=4000, needed=needed)
    return Words(form, form.whole("version", 1, 10**6) or 0, words, form["team"][:40])


@dataclass(frozen=True)
class Decision:
    form: Form
    version: int
    outcome: str
    reasons: str
    law: str
    confirmed: bool
    edits: bool = False


async def read_decision(request: Request[Any, Any, Any], visit: Visit) -> Decision:
    form = await forms.read(request, visit, ("version", "outcome", "reasons", "law", "action"))
    if form["action"] == "edit":
        return Decision(form, 0, form["outcome"], form["reasons"], form["law"], confirmed=False, edits=True)
    outcome = form.choice(
        "outcome", ("granted", "refused"), _("Vælg, om henvendelsen godkendes eller får afslag.")
    )
    return Decision(
        form,
        form.whole("version", 1, 10**6) or 0,
        outcome,
        form.text("reasons", longest=4000, needed=_("Skriv begrundelsen.")),
        form.text("law", longest=1000, needed=_("Skriv de regler, afgørelsen bygger på.")),
        form["action"] == "send",
    )


@dataclass(frozen=True)
class CandidateFacts:
    form: Form
    version: int
    facts: dict[str, Any]
    lives_in: str | None


async def read_candidate(request: Request[Any, Any, Any], visit: Visit) -> CandidateFacts:
    form = await forms.read(request, visit, ("version", *KNOWN))
    found: dict[str, Any] = {}
    for name in ("target_group", "age", "weeks_unemployed"):
        domain: Fact = CANDIDATE[name]
        value = form.whole(name, domain.low, domain.high)
        if value is not None:
            found[name] = value
    if form["education"]:
        found["education"] = form.choice("education", EDUCATIONS, _("Vælg en uddannelse fra listen."))
    for name in FLAGS:
        if form[name]:
            form.choice(name, ("yes", "no"), _("Vælg ja eller nej."))
            found[name] = form[name] == "yes"
    lives_in = form["lives_in"].strip() or None
    if lives_in is not None and not (lives_in.isascii() and lives_in.isdigit() and len(lives_in) == 3):
        form.wrong("lives_in", _("Skriv kommunens nummer med tre cifre, for eksempel 740."))
    return CandidateFacts(form, form.whole("version", 1, 10**6) or 0, found, lives_in)


@dataclass(frozen=True)
class OnThePhone:
    form: Form
    wish: Wish
    slot: str


async def read_phone(request: Request[Any, Any, Any], visit: Visit) -> OnThePhone:
    form = await forms.read(request, visit, ("form", "about", "language", "interpreter", "slot", "action"))
    wish = Wish(
        form=form["form"] if form["form"] in FORMS else "in_person",
        about=form.text("about", longest=1000),
        language=form.text("language", longest=60),
        interpreter=form.checked("interpreter"),
    )
    if form["action"] == "book" and not form["slot"]:
        form.wrong("slot", _("Vælg en tid, eller vælg, at ingen af tiderne passer."))
    return OnThePhone(form, wish, form["slot"][:32])


async def read_search(request: Request[Any, Any, Any], visit: Visit) -> tuple[Form, str | None]:
    """A name, or a CPR number when it is one."""
    form = await forms.read(request, visit, ("navn",))
    said = form.text("navn", longest=80, needed=_("Skriv et navn eller et CPR-nummer."))
    if form.ok and len(said) < 2:
        form.wrong("navn", _("Skriv mindst to bogstaver."))
    return form, cpr_number(said)


async def read_time(request: Request[Any, Any, Any], visit: Visit) -> tuple[Form, int, str]:
    form = await forms.read(request, visit, ("version", "slot"))
    if not form["slot"]:
        form.wrong("slot", _("Vælg en tid."))
    return form, form.whole("version", 1, 10**6) or 0, form["slot"][:32]


async def read_closing(request: Request[Any, Any, Any], visit: Visit) -> Form:
    form = await forms.read(request, visit, ("day", "note"))
    day = form.day("day", needed=_("Skriv datoen."))
    if day is not None and not visit.today <= day <= visit.today + FURTHEST:
        form.wrong("day", _("Vælg en dag fra i dag og to år frem."))
    form.text("note", longest=100)
    return form


async def read_team(request: Request[Any, Any, Any], visit: Visit) -> Form:
    form = await forms.read(request, visit, ("team", "name_da", "name_en"))
    form.text("name_da", longest=80, needed=_("Skriv teamets navn på dansk."))
    form.text("name_en", longest=80, needed=_("Skriv teamets navn på engelsk."))
    return form


async def read_staff(request: Request[Any, Any, Any], visit: Visit, teams: list[str]) -> Form:
    form = await forms.read(request, visit, ("person", "role", "team", "active"))
    form.choice("role", ROLES, _("Vælg en rolle."))
    if form["team"] and form["team"] not in teams:
        form.wrong("team", _("Vælg et team fra listen."))
    return form


async def read_letter(request: Request[Any, Any, Any], visit: Visit) -> Form:
    return await forms.read(request, visit, ("letter", "action"))


def own_access() -> str:
    return _("Du kan ikke fjerne din egen adgang som administrator. Bed en anden administrator om det.")
