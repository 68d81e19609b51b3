"""The staff's addresses: queues, a company's case, the board. Conversations and settings have modules of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain import placement as rules
from portal.domain.calendar import local_date
from portal.domain.errors import ConflictError, RefusedError
from portal.domain.identity import cpr_number
from portal.domain.people import Role
from portal.domain.transition import allowed
from portal.staff import actions, forms, oversight, rule_drafts, settings, subjects, talks
from portal.store import board as overview
from portal.store import candidates, desk, journal, messages, places, queue
from portal.store.database import Unit
from portal.store.queue import Filter
from portal.text import gettext as _
from portal.text import in_language
from portal.triage import reasons
from portal.triage.understanding import work
from portal.web import placement_words, vocabulary
from portal.web.access import BOARD, DESK_CASE, DESK_READ, QUEUES, STAFF_ANY
from portal.web.forms import Form, empty
from portal.web.render import go, go_to, show
from portal.web.visit import Visit

HOME = {Role.TEAM_LEAD: "tavle", Role.ADMINISTRATOR: "kommune", Role.AUDITOR: "tavle"}


@get("/{slug:str}/medarbejder", access=STAFF_ANY)
async def home(visit: NamedDependency[Visit]) -> Response[Any]:
    """Each role begins where its day begins."""
    if visit.me.role in HOME:
        return go(visit, "medarbejder", HOME[visit.me.role])
    async with visit.store.reading(visit.here.code) as reader:
        kinds = {team.id: team.kind for team in await places.teams(reader)}
    kind = kinds.get(visit.me.unit, "citizen")
    return go(visit, "medarbejder", "virksomheder" if kind == "employer" else "borgere", team=visit.me.unit)


def wanted(visit: Visit) -> Filter:
    """The filter in the address; what does not fit is left out."""
    query = visit.query
    return Filter(
        team=query.get("team", "")[:40],
        scheme=query.get("ordning", "")[:20],
        state=query.get("vis", "open") if query.get("vis") in ("open", "done", "all") else "open",
        search=query.get("soeg", "").strip()[:80],
        sort=query.get("orden", "waiting")[:20],
    )


@get("/{slug:str}/medarbejder/virksomheder", access=QUEUES)
async def company_queue(visit: NamedDependency[Visit]) -> Response[Any]:
    if cpr_number(visit.query.get("soeg", "")):
        return go(visit, "medarbejder", "telefon", besked="cpr")
    chosen = wanted(visit)
    async with visit.store.reading(visit.here.code) as reader:
        names = await vocabulary.titles(reader)
        meant = work.searched(chosen.search, names) if chosen.search else ()
        rows = await queue.companies_waiting(reader, replace(chosen, occupations=meant))
        teams = await places.teams(reader, "employer")
        waits = await actions.waited(reader, visit, [local_date(row.sent_at) for row in rows])
    return show(
        visit,
        "staff/companies.html",
        rows=list(zip(rows, waits, strict=True)),
        teams=[(team.id, {"da": team.name_da, "en": team.name_en}) for team in teams],
        chosen=chosen,
        jobs=work.occupations(),
        meant=[in_language(work.occupations()[code].titles) for code in meant],
        form=empty(
            {
                "team": chosen.team,
                "ordning": chosen.scheme,
                "vis": chosen.state,
                "soeg": chosen.search,
                "orden": chosen.sort,
            }
        ),
    )


@get("/{slug:str}/medarbejder/sag/{case:str}", access=DESK_READ)
async def case_page(visit: NamedDependency[Visit], case: FromPath[str]) -> Response[str]:
    return await _case(visit, case, empty({"law": ""}))


async def _case(visit: Visit, case_id: str, form: Form, status: int = 200, panel: str = "") -> Response[str]:
    async with visit.store.writing(visit.me, visit.now) as reader:
        case = await queue.placement_case(reader, case_id)
        subject = await subjects.case(case_id)(reader)
        if not await oversight.may_look(reader, subject):
            return oversight.ask_why(visit, subject, _address(visit, case_id))
        named = await candidates.of_case(reader, case_id)
        found, book = await actions.judged_for_staff(reader, visit, case, named)
        shown, _book = await actions.judged_for_staff(reader, visit, case, None)
        said = await messages.of_case(reader, case_id)
        lines = await journal.timeline(reader, case_id)
        teams = await places.teams(reader, "employer")
        await reader.commit(unnoted=True)
    may = allowed(rules.TRANSITIONS, case.state, visit.me.role)
    mine = case.claimed_by_id == visit.me.id
    return show(
        visit,
        "staff/case.html",
        status=status,
        case=case,
        named=named,
        known=_candidate_form(named, form, panel),
        found=found,
        explained=reasons.of_conditions(book, found),
        reader=oversight.reader(visit),
        book=book.stamp,
        rows=[(label, value) for _name, label, value in placement_words.rows(case.form)],
        inputs=sorted(case.facts.items()),
        said=said,
        lines=lines,
        teams=[(team.id, {"da": team.name_da, "en": team.name_en}) for team in teams],
        team_names={team.id: {"da": team.name_da, "en": team.name_en} for team in teams},
        may=may if mine else may - {"grant", "refuse"},
        form=form,
        panel=panel,
        suggested_law="\n".join(
            dict.fromkeys(one.law for one in shown.conditions.values() if one.result in ("fail", "warn"))
        ),
        notice=visit.query.get("besked", ""),
    )


def _candidate_form(named: candidates.Named | None, form: Form, panel: str) -> Form:
    if panel == "candidate" or named is None:
        return form if panel == "candidate" else empty()
    shown = {name: {True: "yes", False: "no"}.get(value, value) for name, value in named.facts.items()}
    return empty({**shown, "lives_in": named.lives_in or ""})


def _changed() -> str:
    return _(
        "Sagen har ændret sig, mens du skrev. Det, du skrev, står her endnu. Læs sagen igen, og send så."
    )


def _obstacles() -> dict[str, str]:
    return {
        "placement.not_claimed": _("Tag sagen, før du afgør den."),
        "placement.candidate_not_confirmed": _(
            "Kandidaten har ikke sagt ja. Sagen kan ikke godkendes før det."
        ),
        "placement.candidate_other": _(
            "En anden har svaret end den, virksomheden skrev. Undersøg det, og notér det på sagen først."
        ),
        "placement.start_passed": _(
            "Startdatoen er passeret. Ingen må begynde før en godkendelse; aftal en ny dato."
        ),
    }


def _address(visit: Visit, case: str) -> str:
    return visit.path("medarbejder", "sag", case)


@post("/{slug:str}/medarbejder/sag/{case:str}/laest", access=DESK_CASE)
async def mark_read(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    button = await forms.read_button(request, visit)

    async def verb(unit: Unit) -> None:
        await desk.mark_read(unit, case)

    await actions.carry_out(
        visit, verb, key=button.key, address=_address(visit, case), about=subjects.case(case)
    )
    return go(visit, "medarbejder", "sag", case, besked="laest")


@post("/{slug:str}/medarbejder/sag/{case:str}/tag", access=DESK_CASE)
async def claim(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    """Two at once: one wins, the other is told who and when."""
    button = await forms.read_button(request, visit)

    async def verb(unit: Unit) -> None:
        await desk.claim(unit, case)

    await actions.carry_out(
        visit, verb, key=button.key, address=_address(visit, case), about=subjects.case(case)
    )
    return go(visit, "medarbejder", "sag", case, besked="taget")


@post("/{slug:str}/medarbejder/sag/{case:str}/slip", access=DESK_CASE)
async def release(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    button = await forms.read_button(request, visit)

    async def verb(unit: Unit) -> None:
        await desk.release(unit, case, button.version)

    await actions.carry_out(
        visit, verb, key=button.key, address=_address(visit, case), about=subjects.case(case)
    )
    return go(visit, "medarbejder", "virksomheder", team=visit.me.unit)


@post("/{slug:str}/medarbejder/sag/{case:str}/giv-videre", access=DESK_CASE)
async def hand_over(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    given = await forms.read_words(request, visit, _("Skriv, hvorfor sagen gives videre."))
    if not await actions.team_exists(visit, given.team, "employer"):
        given.form.wrong("team", _("Vælg et team fra listen."))
    if not given.form.ok:
        return await _case(visit, case, given.form, 422, "hand_over")

    async def verb(unit: Unit) -> None:
        await desk.hand_over(unit, case, given.version, given.team, given.words)

    try:
        await actions.carry_out(
            visit, verb, key=given.form["key"], address=_address(visit, case), about=subjects.case(case)
        )
    except ConflictError:
        given.form.wrong("words", _changed())
        return await _case(visit, case, given.form, 409, "hand_over")
    return go(visit, "medarbejder", "virksomheder", team=visit.me.unit)


@post("/{slug:str}/medarbejder/sag/{case:str}/spoerg", access=DESK_CASE)
async def ask(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    given = await forms.read_words(request, visit, _("Skriv spørgsmålet til virksomheden."))
    if not given.form.ok:
        return await _case(visit, case, given.form, 422, "ask")

    async def verb(unit: Unit) -> None:
        await desk.ask(unit, case, given.version, given.words)

    try:
        await actions.carry_out(
            visit, verb, key=given.form["key"], address=_address(visit, case), about=subjects.case(case)
        )
    except ConflictError:
        given.form.wrong("words", _changed())
        return await _case(visit, case, given.form, 409, "ask")
    return go(visit, "medarbejder", "sag", case, besked="spurgt")


@post("/{slug:str}/medarbejder/sag/{case:str}/kandidat", access=DESK_CASE)
async def candidate(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    given = await forms.read_candidate(request, visit)
    if not given.form.ok:
        return await _case(visit, case, given.form, 422, "candidate")
    await actions.note_candidate(visit, case, given)
    return go(visit, "medarbejder", "sag", case, besked="noteret")


@post("/{slug:str}/medarbejder/sag/{case:str}/kandidat/rigtig", access=DESK_CASE)
async def accept_candidate(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    button = await forms.read_button(request, visit)

    async def verb(unit: Unit) -> None:
        await candidates.accept(unit, case, button.version)

    await actions.carry_out(
        visit, verb, key=button.key, address=_address(visit, case), about=subjects.case(case)
    )
    return go(visit, "medarbejder", "sag", case, besked="noteret")


@post("/{slug:str}/medarbejder/sag/{case:str}/afgoer", access=DESK_CASE)
async def decide(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    """First the letter as the company will read it, then the button that sends it."""
    decision = await forms.read_decision(request, visit)
    if decision.edits or not decision.form.ok:
        return await _case(visit, case, decision.form, 200 if decision.edits else 422, "decide")
    obstacle = await actions.obstacle(visit, case, decision)
    if obstacle:
        decision.form.wrong("outcome", _obstacles()[obstacle])
        return await _case(visit, case, decision.form, 422, "decide")
    if decision.confirmed:
        try:
            return go_to(await actions.decide(visit, case, decision, decision.form["key"]))
        except (ConflictError, RefusedError):
            decision.form.wrong("reasons", _changed())
            return await _case(visit, case, decision.form, 409, "decide")
    async with visit.store.writing(visit.me, visit.now) as unit:
        found_case = await queue.placement_case(unit, case)
        subject = await subjects.case(case)(unit)
        if not await oversight.may_look(unit, subject):
            return oversight.ask_why(visit, subject, _address(visit, case))
        named = await candidates.of_case(unit, case)
        found, book = await actions.judged_for_staff(unit, visit, found_case, named)
        await unit.commit(unnoted=True)
    facts = actions.letter_of(visit, book, found_case, decision, found)
    preview = {"facts": facts, "sent_at": visit.now, "case_id": case, "author": visit.me.name}
    return show(visit, "staff/preview.html", case=found_case, decided=preview, form=decision.form)


@post("/{slug:str}/medarbejder/sag/{case:str}/afslut", access=DESK_CASE)
async def close(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], case: FromPath[str]
) -> Response[Any]:
    button = await forms.read_button(request, visit)

    async def verb(unit: Unit) -> None:
        await desk.close(unit, case, button.version)

    await actions.carry_out(
        visit, verb, key=button.key, address=_address(visit, case), about=subjects.case(case)
    )
    return go(visit, "medarbejder", "virksomheder", team=visit.me.unit)


@get("/{slug:str}/medarbejder/tavle", access=BOARD)
async def board(visit: NamedDependency[Visit]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        found = await overview.board(reader, visit.today)
        red = [
            row
            for row in await queue.citizens_waiting(reader, Filter())
            if row.late(visit.today) or row.at_risk(visit.today)
        ]
        unread = [row for row in await queue.companies_waiting(reader, Filter()) if row.read_at is None]
        register = await overview.breaches(reader)
        teams = await places.team_names(reader)
    return show(
        visit, "staff/board.html", board=found, red=red, unread=unread, register=register, teams=teams
    )


router = Router(
    "/",
    route_handlers=[
        home,
        company_queue,
        case_page,
        mark_read,
        claim,
        release,
        hand_over,
        ask,
        candidate,
        accept_candidate,
        decide,
        close,
        board,
        *talks.handlers,
        *oversight.handlers,
        *settings.handlers,
        *rule_drafts.handlers,
    ],
    exception_handlers={subjects.ReasonNeededError: oversight.ask_first},
)
