"""A company's request in words, the same for the company and for staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.text import gettext as _
from portal.text import in_language
from portal.triage.understanding import work


def rows(values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(field, label, answer in words) for every field that has an answer, in the order they are asked."""
    hidden = {"candidate_name"} if values.get("who") != "named" else {"positions"}
    if values.get("vacated") != "yes":
        hidden.add("vacated_months_ago")
    return [
        (name, label, choices.get(str(values[name]), str(values[name])))
        for name, (label, choices) in _words(str(values.get("occupation"))).items()
        if values.get(name) and name not in hidden
    ]


def _words(occupation: str) -> dict[str, tuple[str, dict[str, str]]]:
    job = work.occupations().get(occupation)
    yes_no = {"no": _("Nej"), "yes": _("Ja")}
    return {
        "scheme": (_("I vil"), {"placement": _("Tilbyde virksomhedspraktik"), "wage_subsidy": _("Ansætte med løntilskud"), "recruitment": _("Have hjælp til at rekruttere")}),
        "workplace": (_("Arbejdssted"), {}),
        "p_number": (_("P-nummer"), {}),
        "sector": (_("Arbejdsgiver"), {"private": _("Privat"), "public": _("Offentlig")}),
        "who": (_("Person"), {"open": _("Åben plads"), "named": _("Vi har fundet en person")}),
        "candidate_name": (_("Navn"), {}),
        "positions": (_("Antal pladser"), {}),
        "ordinary_fte": (_("Ordinært ansatte (fuldtid)"), {}),
        "supported_fte": (_("Ansatte med støtte (fuldtid)"), {}),
        "latest_month_fte": (_("Ansatte i seneste måned"), {}),
        "twelve_month_mean_fte": (_("Gennemsnit over året"), {}),
        "job_title": (_("Stilling"), {}),
        "occupation": (_("Det forstår vi som"), {occupation: in_language(job.titles)} if job else {}),
        "tasks": (_("Opgaver"), {}),
        "purpose": (_("Formål"), {}),
        "weekly_hours": (_("Timer om ugen"), {}),
        "start": (_("Start"), {}),
        "weeks": (_("Uger"), {}),
        "vacated": (_("Stillingen er lige blevet ledig"), yes_no),
        "vacated_months_ago": (_("Måneder siden"), {}),
        "representative": (_("Medarbejderrepræsentanten"), {"agrees": _("Er enig"), "disagrees": _("Er uenig"), "pending": _("Har ikke svaret endnu"), "none_elected": _("Ingen er valgt")}),
        "representative_name": (_("Repræsentantens navn"), {}),
    }  # fmt: skip
