"""Reglerne: every rule the portal goes by, for anybody to read, search and link to; and what is different here."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from portal.triage import drawing
from portal.triage.rulebook import Rulebook
from portal.triage.shelf import Shelf, opened
from portal.web.access import PUBLIC
from portal.web.forms import empty
from portal.web.render import show
from portal.web.visit import Visit


@get("/{slug:str}/regler", access=PUBLIC)
async def page(visit: NamedDependency[Visit]) -> Response[str]:
    words = visit.query.get("soeg", "").strip()[:80]
    book = visit.book
    found = drawing.matching(drawing.sections(book, visit.lang), words)
    return show(
        visit,
        "public/rules.html",
        book=book.stamp,
        form=empty({"soeg": words}),
        sections=found,
        count=sum(len(section.lines) for section in found),
        laid=[
            {
                "note": one.note,
                "law": one.law,
                "period": drawing.period(one.valid_from, one.valid_to, visit.lang),
                "changes": one.changes,
            }
            for one in book.laid
        ],
        figures=drawing.as_numbers(book, visit.lang),
        since=unchanged_since(visit.store.shelf_of(visit.here.code), book),
        history=_history(visit, visit.today),
    )


def _rows(book: Rulebook) -> dict[str, Any]:
    return {row.id: (row.when, row.then, row.law, row.confidence, row.texts) for _, row in book.rows()}


def unchanged_since(shelf: Shelf, book: Rulebook) -> dict[str, str]:
    """For every row the version of the edition since which it stands as it does; rows of the municipality's own are left out."""
    editions = sorted((one for one in shelf.national if one.holds_on(book.on)), key=lambda one: one.in_order)
    found: dict[str, str] = {}
    standing: dict[str, Any] = {}
    for edition in editions:
        rows = _rows(opened(edition, (), book.on))
        for name, row in rows.items():
            if standing.get(name) != row:
                found[name] = edition.version
        standing = rows
    now = _rows(book)
    return {name: version for name, version in found.items() if now.get(name) == standing.get(name)}


def _history(visit: Visit, today: date) -> list[dict[str, Any]]:
    """Editions and layers that hold or have held here, newest first, each with the rows it brought or changed."""
    shelf, code = visit.store.shelf_of(visit.here.code), visit.here.code
    found = []
    before: dict[str, Any] = {}
    for edition in sorted(shelf.national, key=lambda one: one.in_order):
        day = max(today, edition.valid_from)
        rows = _rows(opened(edition, (), day))
        changed = [name for name, row in rows.items() if before and before.get(name) != row]
        found.append((edition.in_order, edition, changed))
        before = rows
    for layer in shelf.layers:
        if layer.municipality == code:
            found.append((layer.in_order, layer, []))
    return [
        {
            "version": one.version,
            "note": (one.content.get("note") or {}).get(visit.lang, ""),
            "period": drawing.period(one.content.get("valid_from"), one.content.get("valid_to"), visit.lang),
            "changed": changed,
        }
        for _, one, changed in sorted(found, key=lambda each: each[0], reverse=True)
    ]
