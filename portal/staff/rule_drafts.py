"""The municipality's own rules: a draft is proved and compared as it is written, and a second person publishes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain.errors import RefusedError
from portal.staff import actions
from portal.store import places, rule_layers, stored_rules
from portal.store.database import Reader, Unit
from portal.store.tables import RuleLayer
from portal.text import gettext as _
from portal.text import in_language
from portal.triage import comparison, drawing, population, proof, treatment
from portal.triage.comparison import Comparison
from portal.triage.facts import Value
from portal.triage.people import in_words
from portal.triage.rulebook import Fault, Rulebook
from portal.triage.shelf import Shelf
from portal.triage.source import Source, try_reading
from portal.triage.treatment import Difference
from portal.web import forms
from portal.web.access import ADMIN, ADMIN_CASE
from portal.web.forms import Form, empty
from portal.web.render import go, show
from portal.web.visit import Visit

LONGEST = 20_000  # signs in a draft
PEOPLE, SEED = 20_000, 1
MOST = 40  # differences shown
Walks = Sequence[tuple[Mapping[str, Value], tuple[str, ...]]]  # stored: facts, and what was declined


@dataclass(frozen=True)
class Judged:
    """A draft with what is wrong with it, and what it would change; nothing is compared while something is wrong."""

    faults: tuple[Fault, ...]
    made_up: Comparison | None = None
    stored: Comparison | None = None
    words: Rulebook | None = None
    others: tuple[Difference, ...] = ()


@get("/{slug:str}/medarbejder/regler", access=ADMIN)
async def page(visit: NamedDependency[Visit]) -> Response[str]:
    return await _page(visit, empty({"content": _example(visit)}))


async def _page(visit: Visit, form: Form, status: int = 200, faults: tuple[Fault, ...] = ()) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        rows = await rule_layers.every(reader)
        names = {one.id: one.name for one in await places.staff(reader)}
    return show(
        visit, "staff/rules.html", status=status, form=form, rows=[_plain(row, names, visit.today) for row in rows], faults=_told(visit, faults),
        laid=visit.book.laid,
    )  # fmt: skip


def _example(visit: Visit) -> str:
    """Where a draft begins: a layer of this municipality that shortens the promise from the first of a coming month."""
    first = (visit.today.replace(day=1) + timedelta(days=62)).replace(day=1)
    return (
        f'language = 2\nid = "lokal"\nmunicipality = "{visit.here.code}"\nversion = "{first}"\nvalid_from = {first}\n'
        'law = "Byrådets beslutning af ..., punkt ..."\nnote.da = "Hvad der er anderledes her, og hvorfor."\n'
        'note.en = "What is different here, and why."\n\n[[figure]]\nname = "guarantee.days"\nvalue = 8\n'
        'law = "Byrådets beslutning af ..., punkt ..."\nconfidence = "policy"\n'
    )


def _plain(row: RuleLayer, names: dict[str, str], today: date) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version_name,
        "valid_from": row.valid_from,
        "state": row.state,
        "hash": row.hash[:12],
        "by": names.get(row.created_by, "–"),
        "published_by": names.get(row.published_by or "", ""),
        "published_at": row.published_at,
        "withdrawable": row.state == rule_layers.PUBLISHED and row.valid_from > today,
    }


@post("/{slug:str}/medarbejder/regler", access=ADMIN)
async def write(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """A draft that reads as TOML is kept with its faults; one that does not comes back with the line."""
    form = await forms.read(request, visit, ("content",))
    content = form.text("content", longest=LONGEST, needed=_("Skriv eller indsæt reglerne."))
    source, faults = try_reading(content, "kladde.toml") if form.ok else (None, [])
    if source is not None:
        faults = [*faults, *_not_ours(visit, source)]
    if not form.ok or source is None or faults:
        form.wrong("content", _("Kladden kan ikke læses endnu. Se, hvad der er galt, og ret det her."))
        return await _page(visit, form, 422, tuple(faults))
    made = ""

    async def verb(unit: Unit) -> None:
        nonlocal made
        made = rule_layers.draft(unit, content, source)

    await actions.carry_out(visit, verb, key=form["key"])
    return go(visit, "medarbejder", "regler", made) if made else go(visit, "medarbejder", "regler")


def _not_ours(visit: Visit, source: Source) -> list[Fault]:
    if source.municipality != visit.here.code:
        message = f'write municipality = "{visit.here.code}": a draft is for its own municipality'
        return [Fault("rulebook", "", "syntax", message, file="kladde.toml")]
    return []


@get("/{slug:str}/medarbejder/regler/{layer:str}", access=ADMIN_CASE)
async def draft_page(visit: NamedDependency[Visit], layer: FromPath[str]) -> Response[str]:
    return await _draft(visit, layer, empty())


async def _draft(visit: Visit, layer_id: str, form: Form, status: int = 200) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        row = await rule_layers.found(reader, layer_id)
        names = {one.id: one.name for one in await places.staff(reader)}
        judged = await _judged(reader, row)
        teams = await places.team_names(reader)
    words = judged.words or visit.book
    moves = [
        (move.people, move.before[0], move.after[0], in_words(move.person, words.words, visit.lang))
        for move in (judged.made_up.moves if judged.made_up else ())
    ]
    return show(
        visit,
        "staff/rule_draft.html",
        status=status,
        form=form,
        row={
            **_plain(row, names, visit.today),
            "mine": row.created_by == visit.me.id,
            "content": row.content,
        },
        faults=_told(visit, judged.faults, row.version_name),
        notes=sum(fault.information for fault in judged.faults),
        made_up=judged.made_up,
        stored=judged.stored,
        moves=moves,
        others=[_otherwise(one, words, visit.lang) for one in judged.others[:MOST]],
        teams=_teams(judged, {code: in_language(name) for code, name in teams.items()}),
        notice=visit.query.get("besked", ""),
    )


def _otherwise(one: Difference, book: Rulebook, lang: str) -> tuple[str, str, str, str]:
    """What is treated otherwise, before and after, and for whom, in words."""
    title = drawing.title_of(book, one.about, lang)
    said = [", ".join(drawing.leads_to(book, row, lang) for row in rows) for rows in reversed(one.rows)]
    if not any(one.rows):
        said = [one.there, one.here]
    person = in_words(one.person, book.words, lang)
    return title[:1].upper() + title[1:], said[0] or "–", said[1] or "–", person


def _teams(judged: Judged, names: dict[str, str]) -> list[tuple[str, int, int]]:
    found = judged.made_up
    if found is None:
        return []
    ids = sorted({*found.before, *found.after})
    return [(names.get(team, team), found.before.get(team, 0), found.after.get(team, 0)) for team in ids]


async def _judged(reader: Reader, row: RuleLayer) -> Judged:
    """Beside the server's own work, so that nobody else waits for it."""
    walks = await stored_rules.walks(reader)
    return await asyncio.to_thread(_judge, reader.shelf, reader.municipality, row, walks)


def _judge(shelf: Shelf, code: str, row: RuleLayer, walks: Walks) -> Judged:
    source = rule_layers.source_of(row)
    faults = tuple(proof.check_source(source, shelf))
    if any(not fault.information for fault in faults):
        return Judged(faults)
    before, after = _both(shelf, code, row, source)
    made_up = comparison.of_population(before, after, population.made_up(before, PEOPLE, SEED))
    stored = comparison.of_stored(before, after, walks)
    return Judged(faults, made_up, stored, after, tuple(treatment.differences(after, before, ways=False)))


def _both(shelf: Shelf, code: str, row: RuleLayer, source: Source) -> tuple[Rulebook, Rulebook]:
    """What would hold on the draft's day without it, and with it."""
    without = Shelf(shelf.national, tuple(one for one in shelf.layers if one.hash != source.hash))
    return without.in_force(code, row.valid_from), without.with_layers([source]).in_force(
        code, row.valid_from
    )


def _told(visit: Visit, faults: tuple[Fault, ...], name: str = "kladde") -> list[dict[str, Any]]:
    """Faults for the page. A line is of the draft, called `name`, unless the file it stands in is named."""
    words = visit.book.words
    return [
        {"line": one.line, "file": "" if one.file in ("", f"{name}.toml") else one.file, "table": one.table,
         "row": one.row, "kind": one.kind, "message": one.message,
         "person": in_words(one.person, words, visit.lang)}
        for one in faults
        if not one.information
    ]  # fmt: skip


@post("/{slug:str}/medarbejder/regler/{layer:str}/udgiv", access=ADMIN_CASE)
async def publish(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], layer: FromPath[str]
) -> Response[Any]:
    """By a second person, and only what is proved; it takes effect on its own day."""
    form = await forms.read(request, visit, ())

    return await _refused(visit, layer, form, rule_layers.publish) or go(
        visit, "medarbejder", "regler", layer, besked="udgivet"
    )


async def _refused(
    visit: Visit, layer: str, form: Form, step: Callable[[Unit, str], Awaitable[None]]
) -> Response[Any] | None:
    """The layer takes the step; else its page again, with why not."""

    async def verb(unit: Unit) -> None:
        await step(unit, layer)

    try:
        await actions.carry_out(visit, verb, key=form["key"])
    except RefusedError as error:
        form.wrong("publish", _refusals()[error.code])
        return await _draft(visit, layer, form, 422)
    return None


@post("/{slug:str}/medarbejder/regler/{layer:str}/kasser", access=ADMIN_CASE)
async def drop(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], layer: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, visit, ())

    return await _refused(visit, layer, form, rule_layers.drop) or go(visit, "medarbejder", "regler")


@post("/{slug:str}/medarbejder/regler/{layer:str}/traek-tilbage", access=ADMIN_CASE)
async def withdraw(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], layer: FromPath[str]
) -> Response[Any]:
    """What is published and has not begun."""
    form = await forms.read(request, visit, ())

    return await _refused(visit, layer, form, rule_layers.withdraw) or go(visit, "medarbejder", "regler")


def _refusals() -> dict[str, str]:
    return {
        "rules.four_eyes": _("Du har selv skrevet kladden. En anden administrator skal udgive den."),
        "rules.faults": _("Kladden har fejl, så ingen kan udgive den. Ret dem i en ny kladde."),
        "rules.too_late": _("Reglerne skal begynde tidligst i morgen. Skriv en senere dag i en ny kladde."),
        "rules.not_a_draft": _("Kladden er allerede udgivet eller kasseret."),
        "rules.begun": _(
            "Reglerne er begyndt, så de kan ikke trækkes tilbage. Skriv en ny kladde, der afløser dem."
        ),
        "rules.needed": _("Andre udgivne regler hviler på dem. Træk først dem tilbage."),
        "rules.not_published": _("Reglerne er ikke udgivet, eller de er allerede trukket tilbage."),
    }


handlers = [page, write, draft_page, publish, drop, withdraw]
