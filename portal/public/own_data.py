"""Everything about me: readable on the page, or as a file for machines."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from portal.domain.calendar import local_date
from portal.store import journal, persons
from portal.text import clock, day_year
from portal.text import gettext as _
from portal.web import forms
from portal.web.access import OWN_DATA, OWN_EXPORT
from portal.web.render import show
from portal.web.visit import Visit

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+\+00:00")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@get("/{slug:str}/mine-oplysninger", access=OWN_DATA)
async def page(visit: NamedDependency[Visit]) -> Response[str]:
    return show(visit, "public/own_data.html", sections=None)


@post("/{slug:str}/mine-oplysninger", access=OWN_EXPORT)
async def fetch(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """Fetched by a button, because it is journalled; a few times an hour at most."""
    form = await forms.read(request, visit, ("as",))
    async with visit.store.writing(visit.me, visit.now) as unit:
        found = await persons.export(unit, visit.me.id)
        journal.note(unit, "person.exported", visit.me.role.value, visit.me.id)
        await unit.commit()
    if form["as"] == "json":
        content = {"municipality": visit.here.code, "made_at": visit.now.isoformat(), "data": found}
        return Response(
            json.dumps(content, ensure_ascii=False, indent=1).encode(),
            media_type="application/json; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="mine-oplysninger.json"'},
        )
    return show(visit, "public/own_data.html", sections=_readable(found))


def _readable(found: dict[str, list[dict[str, Any]]]) -> list[tuple[str, list[list[tuple[str, str]]]]]:
    """Titled sections of rows of labelled values; what only machines need is left to the file."""
    titles, labels = _titles(), _labels()
    return [
        (
            titles[table],
            [
                [
                    (labels[name], _said(value))
                    for name, value in row.items()
                    if name in labels
                    and value not in (None, "", {}, [])
                    and (table, name) != ("loginsession", "name")
                ]
                for row in rows
            ],
        )
        for table, rows in found.items()
        if table in titles
    ]


def _said(value: Any) -> str:
    """A value as people read it: instants and days written out, our own words translated."""
    if isinstance(value, str) and (written := _written_out(value)):
        return written
    if isinstance(value, bool):
        return _("ja") if value else _("nej")
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_said(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    return _words().get(str(value), str(value))


def _written_out(value: str) -> str:
    """An instant or a day in words; empty for anything else, such as a day somebody typed that no calendar has."""
    try:
        if _INSTANT.fullmatch(value):
            at = datetime.fromisoformat(value)
            return f"{day_year(local_date(at))} {clock(at)}"
        if _DAY.fullmatch(value):
            return day_year(date.fromisoformat(value))
    except (ValueError, OverflowError):
        return ""
    return ""


def _words() -> dict[str, str]:
    return {
        "conversations": _("samtaler"),
        "messages": _("beskeder"),
        "waiting": _("Mangler tid"),
        "booked": _("Booket"),
        "held": _("holdt"),
        "missed": _("ikke holdt"),
        "cancelled": _("aflyst"),
        "case_work": _("Sagsbehandling"),
        "covering": _("de hjalp for en kollega"),
        "citizen_asked": _("du eller en virksomhed havde henvendt sig"),
        "supervision": _("ledelse eller tilsyn"),
        "advice": _("en kollega bad om råd"),
    }


def _titles() -> dict[str, str]:
    return {
        "citizen": _("Dig"),
        "companyuser": _("Dig"),
        "conversation": _("Samtaler"),
        "booking": _("Tider"),
        "breach": _("Løfter, vi ikke holdt"),
        "dialogue": _("Find din vej"),
        "candidate": _("Virksomheder, der har nævnt dig"),
        "message": _("Beskeder"),
        "relation": _("Bisidder og fuldmagt"),
        "accessline": _("Hvem har set mine oplysninger?"),
        "loginsession": _("Dine login"),
        "journal": _("Hvad er der sket?"),
    }


def _labels() -> dict[str, str]:
    return {
        "name": _("Navn"),
        "birth_date": _("Fødselsdato"),
        "cpr": _("CPR-nummer"),
        "email": _("E-mail"),
        "phone": _("Telefon"),
        "address": _("Adresse"),
        "protected_address": _("Beskyttet adresse"),
        "benefit": _("Ydelse"),
        "p_number": _("P-nummer"),
        "about": _("Det vil du tale om"),
        "language": _("Sprog"),
        "asked_at": _("Bad om den"),
        "due_on": _("Frist"),
        "held_on": _("Holdt"),
        "booked_at": _("Booket"),
        "state": _("Status"),
        "answers": _("Svar"),
        "outcome": _("Forslag"),
        "finished_at": _("Færdig"),
        "facts": _("Oplysninger"),
        "body": _("Tekst"),
        "author": _("Skrevet af"),
        "sent_at": _("Sendt"),
        "ends_on": _("Sidste dag"),
        "scope": _("Gælder"),
        "at": _("Hvornår"),
        "purpose": _("Hvorfor"),
        "unit": _("Afdeling"),
        "created_at": _("Begyndt"),
        "said": _("Hvad"),
        "words": _("Ord"),
    }


handlers = [page, fetch]
