"""A company's request, step by step. What is typed is kept as typed; each step says what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from litestar import Request

from portal.text import gettext as _
from portal.triage.conditions import Candidate, PlacementFacts
from portal.triage.facts import REPRESENTATIVE, REQUEST, SCHEMES, Value
from portal.web import forms
from portal.web.forms import Form
from portal.web.visit import Visit

WHAT, WHERE, STAFF, JOB, SAID, CHECK = range(1, 7)
FIELDS: Mapping[int, tuple[str, ...]] = {
    WHAT: ("scheme",),
    WHERE: ("workplace", "p_number", "sector", "who", "candidate_name", "positions"),
    STAFF: ("ordinary_fte", "supported_fte", "latest_month_fte", "twelve_month_mean_fte"),
    JOB: (
        "job_title",
        "occupation",
        "tasks",
        "purpose",
        "weekly_hours",
        "start",
        "weeks",
        "vacated",
        "vacated_months_ago",
    ),
    SAID: ("representative", "representative_name"),
}
ALL_FIELDS = tuple(name for names in FIELDS.values() for name in names)
P_NUMBER_LENGTH = 10


def steps_of(scheme: str) -> list[int]:
    """The steps of a scheme: recruitment needs neither staff figures nor the employee representative."""
    return [WHAT, WHERE, JOB, CHECK] if scheme == "recruitment" else [WHAT, WHERE, STAFF, JOB, SAID, CHECK]


async def read_step(request: Request[Any, Any, Any], visit: Visit, step: int) -> Form:
    return await forms.read(request, visit, (*FIELDS[step], "action", "read"))


async def read_scheme(request: Request[Any, Any, Any], visit: Visit) -> Form:
    form = await forms.read(request, visit, FIELDS[WHAT])
    form.choice("scheme", SCHEMES, _("Vælg, hvad I vil."))
    return form


async def read_words(request: Request[Any, Any, Any], visit: Visit) -> Form:
    form = await forms.read(request, visit, ("words",))
    form.text("words", longest=4000, needed=_("Skriv det, I vil fortælle."))
    return form


async def read_button(request: Request[Any, Any, Any], visit: Visit) -> Form:
    return await forms.read(request, visit, ())


def check(form: Form, step: int, scheme: str) -> None:
    """Puts every mistake of the step into the form's errors."""
    checks: Mapping[int, Callable[[Form, str], None]] = {WHERE: _where, STAFF: _staff, JOB: _job, SAID: _said}
    if step == WHAT:
        form.choice("scheme", SCHEMES, _("Vælg, hvad I vil."))
    elif step in checks:
        checks[step](form, scheme)


def _where(form: Form, scheme: str) -> None:
    form.text("workplace", longest=200, needed=_("Skriv, hvor arbejdet skal foregå."))
    number = form.text("p_number", needed=_("Skriv arbejdsstedets P-nummer.")).replace(" ", "")
    if number and not (number.isascii() and number.isdigit() and len(number) == P_NUMBER_LENGTH):
        form.wrong("p_number", _("Et P-nummer har 10 cifre. I finder det på virk.dk."))
    form.choice("sector", ("private", "public"), _("Vælg, om I er en privat eller offentlig arbejdsgiver."))
    named = scheme != "recruitment" and form["who"] == "named"
    if scheme != "recruitment":
        form.choice("who", ("open", "named"), _("Vælg, om I har fundet en person."))
    if named:
        form.text("candidate_name", longest=120, needed=_("Skriv navnet på den person, I har fundet."))
    else:
        positions = REQUEST["positions"]
        form.whole("positions", positions.low, positions.high, needed=_("Skriv, hvor mange pladser det er."))


def _staff(form: Form, scheme: str) -> None:
    form.decimal("ordinary_fte", 0, 100_000, needed=_("Skriv, hvor mange ordinært ansatte I har."))
    form.decimal(
        "supported_fte", 0, 100_000, needed=_("Skriv, hvor mange I har med støtte. Skriv 0, hvis ingen.")
    )
    if scheme == "wage_subsidy" and form["sector"] != "public":
        form.decimal("latest_month_fte", 0, 100_000, needed=_("Skriv antallet i seneste måned."))
        form.decimal("twelve_month_mean_fte", 0, 100_000, needed=_("Skriv gennemsnittet over året."))


def _job(form: Form, scheme: str) -> None:
    form.text("job_title", longest=120, needed=_("Skriv, hvad stillingen hedder."))
    form.text("tasks", longest=2000, needed=_("Skriv, hvad personen skal lave."))
    form.decimal("weekly_hours", 0, 168, needed=_("Skriv, hvor mange timer om ugen."))
    form.day("start", needed=_("Skriv, hvornår personen kan begynde."))
    if scheme == "recruitment":
        return
    form.text("purpose", longest=1000, needed=_("Skriv, hvad personen skal have ud af det."))
    form.whole("weeks", 1, 520, needed=_("Skriv, hvor mange uger det varer."))
    form.choice("vacated", ("no", "yes"), _("Vælg, om nogen lige har forladt stillingen."))
    if form["vacated"] == "yes":
        form.whole("vacated_months_ago", 0, 1200, needed=_("Skriv, hvor mange hele måneder det er siden."))


def _said(form: Form, _scheme: str) -> None:
    form.choice("representative", REPRESENTATIVE, _("Vælg, hvad medarbejderrepræsentanten siger."))
    form.text("representative_name", longest=120)


def facts(values: Mapping[str, Any], municipality: str) -> PlacementFacts:
    """What is typed so far as the rules read it: what cannot be read is not known. Never a fact about a candidate."""
    form = Form({name: str(value or "") for name, value in values.items()})
    named = form["who"] == "named" and form["scheme"] != "recruitment"
    known: dict[str, Value] = {"scheme": form["scheme"]}
    for name in ("sector", "representative"):
        if form[name] in REQUEST[name].values:
            known[name] = form[name]
    numbers: dict[str, Decimal | int | None] = {
        name: form.decimal(name, -1_000_000, 1_000_000)
        for name in (
            "weekly_hours",
            "ordinary_fte",
            "supported_fte",
            "latest_month_fte",
            "twelve_month_mean_fte",
        )
    }
    numbers["weeks"] = form.whole("weeks", 1, 1040)
    numbers["positions"] = 1 if named else form.whole("positions", 1, 200)
    known |= {name: number for name, number in numbers.items() if number is not None}
    if form["vacated"] == "no":
        known["vacated"] = False
    elif form["vacated"] == "yes":
        known["vacated"] = True
        months = form.whole("vacated_months_ago", 0, 1200)
        known |= {} if months is None else {"vacated_months_ago": months}
    return PlacementFacts(municipality, form.day("start"), known, Candidate(None, {}) if named else None)
