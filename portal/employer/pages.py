"""The company's addresses: its requests, the steps of a new one, the receipt and the status page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from stdnum.dk import cvr as cvr_numbers

from portal.domain.errors import NotFoundError, RefusedError
from portal.employer import actions, forms
from portal.store import messages, placements
from portal.store.placements import OwnCase
from portal.text import gettext as _
from portal.triage import reasons
from portal.triage.conditions import Judgement
from portal.triage.understanding import Suggestion
from portal.web import placement_words
from portal.web.access import EMPLOYER, EMPLOYER_OWN
from portal.web.forms import Form, empty
from portal.web.render import go, go_to, show
from portal.web.visit import Visit


def titles() -> dict[int, str]:
    return {
        forms.WHAT: _("Hvad"),
        forms.WHERE: _("Hvor og hvem"),
        forms.STAFF: _("Ansatte"),
        forms.JOB: _("Arbejdet"),
        forms.SAID: _("Medarbejderne"),
        forms.CHECK: _("Tjek dine svar"),
    }


@get("/{slug:str}/virksomhed", access=EMPLOYER)
async def cases(visit: NamedDependency[Visit]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        company = await placements.company(reader, visit.me.unit)
        own = await placements.of_company(reader, visit.me.unit)
        said = await messages.of_reader(reader, visit.me.unit)
    unread = {one.case_id for one in said if not one.sent_by_reader and one.read_at is None}
    return show(visit, "employer/cases.html", company=company.name, cases=own, unread=unread)


@get("/{slug:str}/virksomhed/ny", access=EMPLOYER)
async def what_page(visit: NamedDependency[Visit]) -> Response[str]:
    return _what(visit, empty())


def _what(visit: Visit, form: Form, status: int = 200) -> Response[str]:
    order = forms.steps_of("placement")
    return show(
        visit, "employer/what.html", status=status, form=form, titles=[titles()[step] for step in order]
    )


@post("/{slug:str}/virksomhed/ny", access=EMPLOYER)
async def what(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    form = await forms.read_scheme(request, visit)
    if not form.ok:
        return _what(visit, form, 422)
    return go_to(await actions.begin(visit, form["scheme"], form["key"]))


async def _draft(visit: Visit, case_id: str) -> OwnCase:
    async with visit.store.reading(visit.here.code) as reader:
        case = await placements.own(reader, case_id, visit.me.unit)
    if case.state != "draft":
        raise RefusedError("transition.state", transition="save", state=case.state)
    return case


@get("/{slug:str}/virksomhed/sag/{case:str}/trin/{step:int}", access=EMPLOYER_OWN)
async def step_page(visit: NamedDependency[Visit], case: FromPath[str], step: FromPath[int]) -> Response[Any]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await placements.own(reader, case, visit.me.unit)
    if own.state != "draft":
        return go(visit, "virksomhed", "sag", case)
    return await _step(visit, own, step, empty(own.form))


async def _step(
    visit: Visit,
    case: OwnCase,
    step: int,
    form: Form,
    status: int = 200,
    meant: Sequence[Suggestion] = (),
) -> Response[str]:
    values = {**case.form, **form.values}
    order = forms.steps_of(str(values.get("scheme") or case.scheme))
    if step not in order:
        raise NotFoundError("step")
    async with visit.store.reading(visit.here.code) as reader:
        found = await actions.judged(reader, visit, values)
        company = await placements.company(reader, visit.me.unit)
    named = titles()
    reached = max(case.step, step)
    return show(
        visit,
        "employer/check.html" if step == forms.CHECK else "employer/step.html",
        status=status,
        case=case,
        step=step,
        position=order.index(step) + 1,
        titles=[named[each] for each in order],
        links={
            index: visit.path("virksomhed", "sag", case.id, "trin", str(each))
            for index, each in enumerate(order, start=1)
            if each <= reached and each != step
        },
        before=visit.path("virksomhed", "sag", case.id, "trin", str(order[order.index(step) - 1]))
        if step > 1
        else visit.path("virksomhed"),
        form=form,
        meant=[*((str(one.value), one.label) for one in meant), ("none", _("Ingen af dem"))] if meant else [],
        values=values,
        found=found,
        explained=reasons.of_conditions(visit.book, found),
        judged=[one for one in found.conditions.values() if _worth_showing(one.result, one.missing, values)],
        company=company.name,
        figures={name: figure.value for name, figure in visit.book.figures.items()},
        cvr=company.cvr,
        cvr_odd=not cvr_numbers.is_valid(company.cvr),
        rows=_summary(visit, case.id, values) if step == forms.CHECK else [],
        troubled=_troubled(found),
        wrong=actions.first_wrong_step(values) if step == forms.CHECK else None,
    )


def _worth_showing(result: str, missing: tuple[str, ...], values: Mapping[str, Any]) -> bool:
    """A condition is shown once something it reads has been filled in, so that an empty form does not scold."""
    return (
        result != "not_judged"
        or not missing
        or any(values.get(name) for name in missing)
        or _about_candidate(missing)
    )


def _about_candidate(missing: tuple[str, ...]) -> bool:
    return not set(missing) & set(forms.ALL_FIELDS)


def _troubled(found: Judgement) -> list[Any]:
    return [one for one in found.conditions.values() if one.result in ("warn", "fail")]


@post("/{slug:str}/virksomhed/sag/{case:str}/trin/{step:int}", access=EMPLOYER_OWN)
async def step_sent(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str], step: FromPath[int]
) -> Response[Any]:
    """Saves the step and goes on; asked by htmx for the conditions only, it judges what is typed and saves nothing."""
    if step not in forms.FIELDS:
        raise NotFoundError("step")
    form = await forms.read_step(request, visit, step)
    own = await _draft(visit, case)
    if visit.block == "conditions":
        return await _step(visit, own, step, form)
    meant = await actions.understand_title(visit, form) if step == forms.JOB else ()
    values = await actions.save_step(visit, own, step, form)
    whole = Form({name: str(value or "") for name, value in values.items()})
    forms.check(whole, step, whole["scheme"])
    if form["action"] == "later":
        return go(visit, "virksomhed")
    if not whole.ok or meant:
        async with visit.store.reading(visit.here.code) as reader:
            saved = await placements.own(reader, case, visit.me.unit)
        return await _step(visit, saved, step, whole, 200 if whole.ok else 422, meant)
    order = forms.steps_of(whole["scheme"])
    return go(visit, "virksomhed", "sag", case, "trin", str(order[order.index(step) + 1]))


@post("/{slug:str}/virksomhed/sag/{case:str}/send", access=EMPLOYER_OWN)
async def send(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    form = await forms.read_button(request, visit)
    async with visit.store.reading(visit.here.code) as reader:
        own = await placements.own(reader, case, visit.me.unit)
    wrong = actions.first_wrong_step(own.form)
    if own.state == "draft" and wrong is not None:
        whole = Form({name: str(value or "") for name, value in own.form.items()})
        forms.check(whole, wrong, whole["scheme"])
        return await _step(visit, own, wrong, whole, 422)
    return go_to(await actions.send(visit, case, form["key"]))


@get("/{slug:str}/virksomhed/sag/{case:str}/kvittering", access=EMPLOYER_OWN)
async def receipt(visit: NamedDependency[Visit], case: FromPath[str]) -> Response[Any]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await placements.own(reader, case, visit.me.unit)
        said = await messages.of_case(reader, case)
    if own.sent_at is None:
        return go(visit, "virksomhed", "sag", case)
    first = next((one for one in said if one.kind == "placement.receipt"), None)
    return show(visit, "employer/receipt.html", case=own, code=first.facts["candidate_code"] if first else "")


@get("/{slug:str}/virksomhed/sag/{case:str}", access=EMPLOYER_OWN)
async def status(visit: NamedDependency[Visit], case: FromPath[str]) -> Response[Any]:
    return await _status(visit, case, empty())


async def _status(visit: Visit, case: str, form: Form, code: int = 200) -> Response[Any]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await placements.own(reader, case, visit.me.unit)
        said = await messages.of_case(reader, case)
    if own.state == "draft":
        reached = next(step for step in forms.steps_of(own.scheme) if step >= min(own.step, forms.CHECK))
        return go(visit, "virksomhed", "sag", case, "trin", str(reached))
    return show(
        visit,
        "employer/status.html",
        status=code,
        case=own,
        said=[one for one in said if one.kind not in ("placement.receipt", "placement.decided")],
        decided=next((one for one in said if one.kind == "placement.decided"), None),
        rows=[(label, value) for _name, label, value in placement_words.rows(own.form)],
        form=form,
        notice=visit.query.get("besked", ""),
    )


@post("/{slug:str}/virksomhed/sag/{case:str}/tilfoej", access=EMPLOYER_OWN)
async def inform(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    form = await forms.read_words(request, visit)
    if not form.ok:
        return await _status(visit, case, form, 422)
    return go_to(await actions.inform(visit, case, form["words"].strip(), form["key"]))


@get("/{slug:str}/virksomhed/sag/{case:str}/traek-tilbage", access=EMPLOYER_OWN)
async def withdraw_page(visit: NamedDependency[Visit], case: FromPath[str]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await placements.own(reader, case, visit.me.unit)
    return show(visit, "employer/withdraw.html", case=own)


@post("/{slug:str}/virksomhed/sag/{case:str}/traek-tilbage", access=EMPLOYER_OWN)
async def withdraw(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    form = await forms.read_button(request, visit)
    await actions.withdraw(visit, case, form["key"])
    return go(visit, "virksomhed", "sag", case, besked="trukket")


@post("/{slug:str}/virksomhed/sag/{case:str}/laest", access=EMPLOYER_OWN)
async def messages_read(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    """The company says that it has read what we wrote."""
    await forms.read_button(request, visit)
    await actions.mark_read(visit, case)
    return go(visit, "virksomhed", "sag", case)


def _summary(visit: Visit, case_id: str, values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Every answer in words, with the address where it can be changed."""
    step_of = {
        name: step
        for step in forms.steps_of(str(values.get("scheme")))
        for name in forms.FIELDS.get(step, ())
    }
    return [
        (label, value, visit.path("virksomhed", "sag", case_id, "trin", str(step_of[name])))
        for name, label, value in placement_words.rows(values)
        if name in step_of
    ]


router = Router(
    "/",
    route_handlers=[
        cases,
        what_page,
        what,
        step_page,
        step_sent,
        send,
        receipt,
        status,
        inform,
        withdraw_page,
        withdraw,
        messages_read,
    ],
)
