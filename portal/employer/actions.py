"""What a company does: each action is one transaction with its journal line and, where one is due, its letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from portal.domain.calendar import add_working_days
from portal.domain.errors import InvalidError
from portal.employer import forms
from portal.store import messages, placements, places
from portal.store.database import Reader
from portal.store.placements import OwnCase, Sent
from portal.triage import reasons, understanding
from portal.triage.conditions import Judged, Judgement, judge
from portal.triage.facts import SCHEMES
from portal.triage.understanding import Suggestion
from portal.web import vocabulary
from portal.web.forms import Form
from portal.web.visit import Visit


async def judged(reader: Reader, visit: Visit, values: Mapping[str, Any]) -> Judgement:
    """The conditions as the company sees them: nothing of a candidate is known to it, before or after."""
    request = replace(forms.facts(values, visit.here.code), candidate=None)
    closed = await places.closed_days(reader)
    return judge(visit.book, request, visit.today, closed)


async def begin(visit: Visit, scheme: str, key: str) -> str:
    """A draft; gives the address of its second step. A second press of the button gives the same one."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        case_id = placements.begin(unit, scheme, {"scheme": scheme})
        result = visit.path("virksomhed", "sag", case_id, "trin", str(forms.WHERE))
        await unit.commit(result)
        return result


async def save_step(visit: Visit, case: OwnCase, step: int, form: Form) -> dict[str, Any]:
    """The draft with this step's answers, whether or not they are right yet; gives the whole form."""
    answers = {name: form[name].strip() for name in forms.FIELDS[step]}
    if answers.get("scheme", case.scheme) not in SCHEMES:
        answers.pop("scheme")  # what no list offers is never kept
    async with visit.store.writing(visit.me, visit.now) as unit:
        await placements.own(unit, case.id, visit.me.unit)
        values = await placements.save_draft(unit, case.id, answers, step + 1)
        await unit.commit()
    return values


async def understand_title(visit: Visit, form: Form) -> Sequence[Suggestion]:
    """The occupation behind the job title is put into the form: the one that was chosen for this title, or the one it surely
    is. Else what may have been meant, to be chosen from; a title nobody knows stands as it is."""
    title = form["job_title"].strip()
    if title == form["read"].strip():  # seen before: what was chosen stands, also nothing
        known = understanding.occupation(form["occupation"])
        form.values["occupation"] = known.code if known else ""
        return ()
    async with visit.store.reading(visit.here.code) as reader:
        names = await vocabulary.titles(reader)
    found = understanding.understand("occupation", title, visit.lang, visit.today, names)
    form.values["occupation"] = found.occupation.code if found.occupation else ""
    return () if found.occupation else found.candidates


def first_wrong_step(values: Mapping[str, Any]) -> int | None:
    """The first step that is not filled in as it must be."""
    for step in forms.steps_of(str(values.get("scheme"))):
        form = Form({name: str(values.get(name) or "") for name in forms.ALL_FIELDS})
        forms.check(form, step, form["scheme"])
        if not form.ok:
            return step
    return None


async def send(visit: Visit, case_id: str, key: str) -> str:
    """The request is with the municipality, routed with its reason and with the answer time promised."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        case = await placements.own(unit, case_id, visit.me.unit)
        if first_wrong_step(case.form) is not None:
            raise InvalidError("placement.incomplete")
        shown = await judged(unit, visit, case.form)
        request = forms.facts(case.form, visit.here.code)
        closed = await places.closed_days(unit)
        book = visit.book
        routed = judge(book, request, visit.today, closed)
        days = int(book.number("answer.working_days"))
        teams = await places.team_names(unit)
        start = request.start
        if start is None:
            raise InvalidError("placement.incomplete")
        sent = Sent(
            positions=int(request.known["positions"]),
            start=start,
            names_somebody=request.candidate is not None,
            occupation=str(case.form.get("occupation") or ""),
            facts=request.plain(),
            answer_due_on=add_working_days(visit.today, days, closed),
            team_id=routed.desk.team
            if routed.desk.team in teams
            else str(book.tables["desk"].rows[-1].then["team"]),
            desk={**asdict(routed.desk), "explanation": reasons.of_desk(book, routed)},
            rulebook=book.stamp,
            judged={
                "conditions": [as_facts(one) for one in shown.conditions.values()],
                "explained": reasons.of_conditions(book, shown),
                "team": teams.get(shown.desk.team),
                "earliest_start": shown.earliest_start.isoformat(),
            },
        )
        await placements.send(unit, case_id, sent)
        result = visit.path("virksomhed", "sag", case_id, "kvittering")
        await unit.commit(result)
        return result


def as_facts(one: Judged) -> dict[str, Any]:
    """A judged condition as plain data, for the case file."""
    figures = {
        name: value if isinstance(value, int | float | None) else str(value)
        for name, value in one.figures.items()
    }
    return {**asdict(one), "figures": figures, "missing": list(one.missing)}


async def withdraw(visit: Visit, case_id: str, key: str) -> None:
    async with visit.store.writing(visit.me, visit.now) as unit:
        if await unit.once(key) is None:
            await placements.withdraw(unit, case_id)
            await unit.commit()


async def inform(visit: Visit, case_id: str, words: str, key: str) -> str:
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        await placements.inform(unit, case_id, words)
        result = visit.path("virksomhed", "sag", case_id) + "?besked=tak"
        await unit.commit(result)
        return result


async def mark_read(visit: Visit, case_id: str) -> None:
    async with visit.store.writing(visit.me, visit.now) as unit:
        await placements.own(unit, case_id, visit.me.unit)
        await messages.mark_case_read(unit, case_id, visit.me.unit)
        await unit.commit()
