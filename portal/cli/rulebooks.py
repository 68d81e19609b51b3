"""Rulebooks seen, compared and tried on many: drawing, comparison, simulation, equal treatment, DMN."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

import click

from portal.cli.group import code_option, now, on_option
from portal.cli.keeping import places, with_store
from portal.cli.rules import rules
from portal.domain.calendar import local_date
from portal.domain.errors import DomainError, InvalidError
from portal.store import stored_rules
from portal.store.database import Store
from portal.triage import comparison, dmn, drawing, population, treatment
from portal.triage.comparison import Comparison
from portal.triage.layers import lay
from portal.triage.people import in_words
from portal.triage.reader import open_rulebook
from portal.triage.rulebook import LANGUAGES, Fault, Rulebook
from portal.triage.shelf import built_in_shelf
from portal.triage.source import Source, municipalities, try_reading

_lang = click.option("--lang", type=click.Choice(LANGUAGES), default="da", show_default=True)
_where = click.option("--municipality", default="", help="Three-digit code (default: the national rulebook).")
_people = click.option("--people", type=click.IntRange(1, 10_000_000), default=100_000, show_default=True)
_seed = click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed makes up the same people."
)
_svg = click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), help="Also a picture into this file."
)


def _day(on: datetime | None) -> date:
    return on.date() if on else local_date(now())


def _in_force(municipality: str, day: date) -> Rulebook:
    try:
        return built_in_shelf().in_force(municipality, day)
    except DomainError as error:
        raise click.ClickException(f"no rulebook holds on {day}: {error.code}") from None


@rules.command()
@_where
@on_option
@_lang
@click.option(
    "--as", "form", type=click.Choice(["page", "mermaid", "both"]), default="both", show_default=True
)
def draw(municipality: str, on: datetime | None, lang: str, form: str) -> None:
    """The tables as a readable page (Markdown) and the ways as Mermaid."""
    book = _in_force(municipality, _day(on))
    if form != "mermaid":
        click.echo(drawing.page(book, lang))
    if form == "both":
        click.echo(f"```mermaid\n{drawing.mermaid(book, lang)}```")
    if form == "mermaid":
        click.echo(drawing.mermaid(book, lang), nl=False)


def _opened(wanted: str, day: date) -> Rulebook:
    """A rulebook by file, by the version of a built-in edition, or by a municipality's code."""
    shelf = built_in_shelf()
    path = Path(wanted)
    if wanted in municipalities():
        return shelf.in_force(wanted, day)
    editions = [source for source in shelf.national if source.version == wanted]
    if not editions and not path.is_file():
        known = ", ".join(source.version for source in shelf.national)
        raise click.ClickException(f"{wanted} is no file, no edition ({known}) and no municipality's code.")
    source, faults = (
        (editions[0], []) if editions else try_reading(path.read_text(encoding="utf-8"), path.name)
    )
    if source is not None and source.municipality:
        source, faults = _laid_over(source, day)
    book, more = open_rulebook(source, day) if source is not None else (None, [])
    if book is None or faults:
        first = [*faults, *more][0]
        raise click.ClickException(
            f"{wanted} cannot be used: {first.message}. Run: portal rules check {wanted}"
        )
    return book


def _begins(wanted: str) -> date:
    """The first day of a rulebook in a file; two are compared on a day on which both can hold."""
    path = Path(wanted)
    source = try_reading(path.read_text(encoding="utf-8"), path.name)[0] if path.is_file() else None
    return source.valid_from if source is not None else date.min


def _laid_over(layer: Source, day: date) -> tuple[Source, list[Fault]]:
    """The layer over the edition and the municipality's other layers of that day; instead of its own earlier versions."""
    shelf = built_in_shelf()
    kept = [
        one
        for one in shelf.layers_on(layer.municipality, day)
        if one.content.get("id") != layer.content.get("id")
    ]
    return lay(shelf.edition(day), sorted([*kept, layer], key=lambda one: one.in_order), day)


@rules.command()
@click.argument("old")
@click.argument("new")
@_people
@_seed
@on_option
@_lang
@_svg
@click.option(
    "--stored",
    is_flag=True,
    help="Over the stored walks and requests of this installation, not made-up people.",
)
@click.option("--json", "as_json", is_flag=True)
def compare(
    old: str,
    new: str,
    people: int,
    seed: int,
    on: datetime | None,
    lang: str,
    svg: Path | None,
    stored: bool,
    as_json: bool,
) -> None:
    """Who would move where if NEW held instead of OLD, and the load on each team. OLD and NEW are files, versions of built-in
    editions, or municipalities' codes."""
    day = max(_day(on), _begins(old), _begins(new))
    books = _opened(old, day), _opened(new, day)
    if stored:
        with_store(lambda store: _compare_stored(store, books, lang, as_json))
        return
    found = comparison.of_population(*books, population.made_up(books[0], people, seed))
    _say(found, books[1], lang, as_json)
    if svg:
        title = {"da": "Personer pr. team", "en": "People per team"}[lang]
        svg.write_text(comparison.picture(title, found.before, found.after, (old, new)), encoding="utf-8")


async def _compare_stored(store: Store, books: tuple[Rulebook, Rulebook], lang: str, as_json: bool) -> None:
    for place in await places(store, None):
        own = {code for book in books for code in book.id.split("+")[1:]}
        if own and place.code not in own:
            continue  # a municipality's own rules say nothing about another's people
        async with store.reading(place.code) as reader:
            walks = await stored_rules.walks(reader)
            requests = await stored_rules.requests(reader)
        if not as_json:
            click.echo(f"{place.code} {place.name}")
        _say(comparison.of_stored(*books, walks), books[1], lang, as_json)
        changed: Counter[tuple[str, str, str]] = Counter()
        for request in requests:
            pair = [stored_rules.judged(book, request) for book in books]
            for name, (before, after) in comparison.changed_conditions(*pair).items():
                changed[name, before, after] += 1
        for (name, before, after), count in sorted(changed.items()):
            click.echo(
                json.dumps({"condition": name, "before": before, "after": after, "requests": count})
                if as_json
                else f"  {count:>8}  {name}: {before} -> {after}"
            )


def _say(found: Comparison, book: Rulebook, lang: str, as_json: bool) -> None:
    if as_json:
        moves = [
            {"people": m.people, "before": [m.before[0], m.before[1].as_dict()], "after": [m.after[0], m.after[1].as_dict()],
             "person": dict(m.person)}
            for m in found.moves
        ]  # fmt: skip
        plain = {
            "people": found.people,
            "moved": found.moved,
            "before": dict(found.before),
            "after": dict(found.after),
        }
        click.echo(json.dumps({**plain, "moves": moves}, ensure_ascii=False, default=str))
        return
    share = found.moved / found.people if found.people else 0
    click.echo(f"{found.moved} of {found.people} would move ({share:.2%}).")
    for move in found.moves:
        click.echo(
            f"  {move.people:>8}  {move.before[0]} -> {move.after[0]}  [{in_words(move.person, book.words, lang)}]"
        )
    click.echo("  Team                     before     after")
    for team in sorted({*found.before, *found.after}):
        click.echo(f"  {team:<22}{found.before.get(team, 0):>9}{found.after.get(team, 0):>10}")


@rules.command()
@_people
@_seed
@on_option
@_svg
@click.option(
    "--municipality",
    default=None,
    callback=code_option,
    help="One municipality (default: all 98, and the made-up one).",
)
@click.option(
    "--sizes",
    type=click.File(encoding="utf-8-sig"),
    help="CSV with code and number of people; without it all get --people.",
)
def simulate(
    people: int,
    seed: int,
    on: datetime | None,
    svg: Path | None,
    municipality: str | None,
    sizes: TextIO | None,
) -> None:
    """The load on each team in each municipality under its own rules, over made-up people. One JSON object a municipality."""
    day = _day(on)
    many = _sizes(sizes) if sizes else {}
    total: Counter[str] = Counter()
    for code, name in municipalities().items():
        if municipality not in (None, code):
            continue
        book = _in_force(code, day)
        who = population.made_up(book, many.get(code, people), seed)
        load = comparison.of_population(book, book, who).before
        total.update(load)
        line = {
            "municipality": code,
            "name": name,
            "rulebook": book.stamp["version"],
            "people": many.get(code, people),
            "teams": dict(load),
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    if svg:
        svg.write_text(comparison.picture("Personer pr. team", total, None, ("", "")), encoding="utf-8")


def _sizes(file: TextIO) -> Mapping[str, int]:
    found = {}
    for row in csv.reader(file, delimiter=";"):
        if len(row) >= 2 and row[0].strip().isdigit() and row[1].strip().isdigit():
            found[row[0].strip().lstrip("0")] = int(row[1])
    if not found:
        raise click.ClickException(
            "The file of sizes has no line with a code and a number, divided by a semicolon."
        )
    return found


@rules.command(name="equal-treatment")
@on_option
@_lang
@click.option("--here", "code", default=None, callback=code_option, help="One municipality (default: all).")
@click.option(
    "--there", default=None, callback=code_option, help="Its neighbour (default: the rest of the country)."
)
def equal_treatment(on: datetime | None, lang: str, code: str | None, there: str | None) -> None:
    """Everything a municipality decides otherwise than its neighbour, for whom, and the municipal row that causes it. One JSON
    object a difference; exit status 1 when a difference has no municipal row to show, or a rule reads what it may not."""
    day = _day(on)
    other = _in_force(there or "", day)
    wrong = False
    for each in [code] if code else municipalities():
        book = _in_force(each, day)
        wrong |= bool(treatment.reads_something_protected(book))
        for one in treatment.differences(book, other):
            wrong |= not one.law
            line = {"municipality": each, "about": one.about, "person": in_words(one.person, book.words, lang), "here": one.here,
                    "elsewhere": one.there, "cause": one.cause, "law": one.law}  # fmt: skip
            click.echo(json.dumps(line, ensure_ascii=False))
    sys.exit(1 if wrong else 0)


@rules.command(name="dmn")
@click.argument("table")
@_where
@on_option
def as_dmn(table: str, municipality: str, on: datetime | None) -> None:
    """One table or condition as DMN 1.3 XML, for other systems."""
    book = _in_force(municipality, _day(on))
    try:
        click.echo(dmn.export(book, table), nl=False)
    except KeyError:
        names = [*book.tables, *(condition.id for condition in book.conditions)]
        raise click.ClickException(f"{table} is no table; there are: {', '.join(names)}.") from None
    except InvalidError as error:
        said = "; ".join(f"{key}: {value}" for key, value in error.facts.items())
        raise click.ClickException(f"{table} cannot be written as DMN: {said}.") from None
