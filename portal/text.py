"""Words and numbers as people read them: the language of the request, Danish dates, the template environment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from portal.domain.calendar import COPENHAGEN, local_date
from portal.triage import explanation

LANGUAGES = ("da", "en")
LOCALES = {"da": "da_DK", "en": "en_GB"}
language: ContextVar[str] = ContextVar("language", default="da")


def _folder() -> Path:
    """In a wheel the words lie inside the package, in a checkout beside it."""
    inside = Path(__file__).parent / "locales"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "locales"


@cache
def translations(lang: str) -> NullTranslations:
    """The compiled words of a language; Danish is the source and needs none."""
    file = _folder() / lang / "LC_MESSAGES" / "portal.mo"
    if lang == "da" or not file.is_file():
        return NullTranslations()
    with file.open("rb") as words:
        return GNUTranslations(words)


def gettext(message: str) -> str:
    return translations(language.get()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    return translations(language.get()).ngettext(one, many, count)


_ = gettext


def in_language(texts: Mapping[str, Any]) -> Any:
    """The text of a rulebook in the language of the request."""
    return texts[language.get()]


def day(value: date) -> str:
    """ "tirsdag den 1. december", "Tuesday 1 December"."""
    danish = language.get() == "da"
    pattern = "EEEE 'den' d. MMMM" if danish else "EEEE d MMMM"
    return format_date(value, pattern, locale=LOCALES[language.get()])


def day_year(value: date) -> str:
    pattern = "d. MMMM y" if language.get() == "da" else "d MMMM y"
    return format_date(value, pattern, locale=LOCALES[language.get()])


def short_day(value: date) -> str:
    pattern = "d. MMM" if language.get() == "da" else "d MMM"
    return format_date(value, pattern, locale=LOCALES[language.get()])


def clock(value: datetime) -> str:
    """ "09.30" in Danish, "09:30" in English, at Copenhagen's wall clock."""
    pattern = "HH.mm" if language.get() == "da" else "HH:mm"
    return format_datetime(value.astimezone(COPENHAGEN), pattern, locale=LOCALES[language.get()])


def moment(value: datetime) -> str:
    """ "tirsdag den 1. december kl. 09.30"."""
    return _("%(day)s kl. %(time)s") % {"day": day(local_date(value)), "time": clock(value)}


def short_moment(value: datetime) -> str:
    return _("%(day)s kl. %(time)s") % {"day": short_day(local_date(value)), "time": clock(value)}


def number(value: int | float | Decimal | str) -> str:
    return format_decimal(Decimal(str(value)), locale=LOCALES[language.get()])


def reference(row_id: str) -> str:
    """A reference short enough to say on the phone: "3F9A-12BC"."""
    return f"{row_id[:4]}-{row_id[4:8]}".upper()


def paragraphs(words: str) -> Markup:
    """What a person wrote, with its line breaks kept."""
    return Markup("<br>").join(escape(words).split("\n"))


def listed(named: Iterable[tuple[str, Mapping[str, str]]]) -> list[tuple[str, str]]:
    """(code, name in the language of the request) for a list to choose from."""
    return [(code, in_language(names)) for code, names in named]


def fact_name(name: str) -> str:
    """What staff call a fact of the rules."""
    names = {
        "target_group": _("målgruppe"),
        "age": _("alder"),
        "weeks_unemployed": _("ugers ledighed"),
        "education": _("uddannelse"),
        "single_parent": _("enlig forsørger"),
        "recent_graduate": _("nyuddannet"),
        "worked_here_last": _("senest ansat her"),
        "owner_is_partner": _("partner ejer virksomheden"),
        "scheme": _("ordning"),
        "sector": _("sektor"),
        "positions": _("pladser"),
        "weekly_hours": _("timer om ugen"),
        "weeks": _("uger"),
        "start": _("start"),
        "ordinary_fte": _("ordinært ansatte"),
        "supported_fte": _("ansatte med støtte"),
        "latest_month_fte": _("ansatte i seneste måned"),
        "twelve_month_mean_fte": _("gennemsnit over året"),
        "fte_growth": _("ansatte i seneste måned mod gennemsnittet"),
        "ratio_room": _("tal om ansatte"),
        "start_margin_days": _("start"),
        "vacated": _("om stillingen er blevet ledig"),
        "vacated_months_ago": _("måneder siden stillingen blev ledig"),
        "representative": _("medarbejderrepræsentant"),
        "municipality": _("kommune"),
    }
    return names.get(name, name)


def told(stored: Mapping[str, Any], reader: str) -> list[str]:
    """A stored explanation as sentences for "citizen", "caseworker" or "auditor", in the language of the request."""
    return explanation.told(stored, reader, language.get())


def others(stored: Mapping[str, Any], reader: str) -> list[str]:
    """Only what was near, and what would have led elsewhere."""
    return explanation.told_of_others(stored, reader, language.get())


FILTERS = {
    "told": told,
    "others": others,
    "fact_name": fact_name,
    "day": day,
    "day_year": day_year,
    "short_day": short_day,
    "clock": clock,
    "moment": moment,
    "short_moment": short_moment,
    "number": number,
    "reference": reference,
    "paragraphs": paragraphs,
    "t": in_language,
    "listed": listed,
    "date": date.fromisoformat,
    "instant": datetime.fromisoformat,
    "local_date": local_date,
}


# Macros are offered to every template: what is imported at the top of a page is missing when one block is rendered.
COMPONENTS = {
    "ui": "ui.html",
    "citizen_ui": "citizen/parts.html",
    "employer_ui": "employer/parts.html",
    "staff_ui": "staff/parts.html",
}


@cache
def environment(new_key: Callable[[], str]) -> Environment:
    """Templates: undefined is an error, everything is escaped, components are offered to every page as `ui`.

    `new_key` gives each writing form a key of its own."""
    env = Environment(
        loader=PackageLoader("portal"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(FILTERS)
    env.globals["new_key"] = new_key
    for name, template in COMPONENTS.items():
        env.globals[name] = env.get_template(template).module
    return env
