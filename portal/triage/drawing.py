"""The rulebook as people read it: a table for each decision, and the ways as a Mermaid picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portal.triage.people import condition_said, phrases, value_said
from portal.triage.rulebook import Rulebook, said
from portal.triage.table import Row, Table

TITLES = {
    "route": {"da": "Hvilken vej", "en": "Which way"},
    "team": {"da": "Hvilket team", "en": "Which team"},
    "contact": {"da": "Hvor ofte vi taler sammen", "en": "How often we talk"},
    "offer": {"da": "Tilbud", "en": "Offers"},
    "guarantee": {"da": "Vores løfte om en samtale", "en": "Our promise of a conversation"},
    "akasse": {"da": "Når a-kassen holder samtalerne", "en": "When the a-kasse holds the conversations"},
    "talks": {"da": "Lovens mindste antal samtaler", "en": "The law's least number of conversations"},
    "desk": {"da": "Hvilket team får virksomhedens henvendelse", "en": "Which team gets a company's request"},
}
EVERY_ROW = ("offer", "talks")  # all rows that hold count, not the first alone
HEADS = {
    "da": ("Række", "Hvem", "Fører til", "Hvorfor", "Bygger på", "Sikkerhed", "Gælder"),
    "en": ("Row", "Who", "Leads to", "Why", "Rests on", "Confidence", "Holds"),
}
CONFIDENCE = {
    "da": {"policy": "vores løfte", "verified": "bekræftet", "unverified": "ikke bekræftet"},
    "en": {"policy": "our promise", "verified": "verified", "unverified": "not verified"},
}
EVERYBODY = {"da": "alle andre", "en": "everybody else"}
ALL = {"da": "Alle rækker, der passer, gælder.", "en": "Every row that fits counts."}
FIRST = {"da": "Den første række, der passer, afgør.", "en": "The first row that fits decides."}


@dataclass(frozen=True)
class Line:
    """One row in words. `municipal` is the code of the municipality whose own row it is, or empty."""

    id: str
    who: tuple[str, ...]
    leads_to: str
    why: str
    law: str
    confidence: str
    holds: str
    municipal: str


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    rule: str
    lines: tuple[Line, ...]


def sections(book: Rulebook, lang: str) -> list[Section]:
    """Every table and condition, in the order in which they matter to people."""
    found = [
        Section(
            name,
            TITLES[name][lang],
            (ALL if name in EVERY_ROW else FIRST)[lang],
            tuple(_lines(book, table.rows, lang)),
        )
        for name, table in book.tables.items()
    ]
    for condition in book.conditions:
        found.append(
            Section(
                condition.id,
                condition.title[lang],
                FIRST[lang],
                tuple(_lines(book, condition.table.rows, lang)),
            )
        )
    return found


def _lines(book: Rulebook, rows: Sequence[Row], lang: str) -> Iterator[Line]:
    for row in rows:
        yield Line(
            row.id,
            tuple(condition_said(name, condition, book.words, lang) for name, condition in row.when.items())
            or (EVERYBODY[lang],),
            leads_to(book, row, lang),
            book.fill(row.texts["why"])[lang] if "why" in row.texts else "",
            row.law,
            CONFIDENCE[lang][row.confidence],
            period(row.valid_from, row.valid_to, lang),
            row.origin,
        )


def leads_to(book: Rulebook, row: Row, lang: str) -> str:
    """What the row comes to, in words."""
    words, then = (
        phrases()[f"{lang}.then"],
        {key: value for key, value in row.then.items() if value is not None},
    )
    if "talks" in then:
        return words["talks"].format(talks=then["talks"], weeks=then["weeks"], by=words[str(then["by"])])
    parts = []
    for key, value in then.items():
        if key in ("route", "track"):
            parts.append(value_said(key, value, book.words, lang))
        elif f"{key}.{value}" in words:
            parts.append(words[f"{key}.{value}"])
        elif key in words:
            parts.append(words[key].format(x=said(value, lang)))
        elif key != "exempt":
            parts.append(said(value, lang))
    return ", ".join(parts)


def title_of(book: Rulebook, about: str, lang: str) -> str:
    """What people call a table, a condition or a figure."""
    if about in TITLES:
        return str(TITLES[about][lang])
    named = {one.id: one.title for one in book.conditions}
    if about in named:
        return str(named[about][lang])
    figure = book.figures.get(about)
    return str(figure.label.get(lang, about)) if figure else about


def period(since: object, until: object, lang: str) -> str:
    """ "fra 1. juli 2026", "til 30. juni 2026", or nothing."""
    words = {"da": ("fra {}", "til {}"), "en": ("from {}", "to {}")}[lang]
    return " ".join(
        word.format(said(day, lang)) for word, day in zip(words, (since, until), strict=True) if day
    )


def page(book: Rulebook, lang: str) -> str:
    """The rulebook as Markdown."""
    parts = [f"# {book.id} {book.version}", ""]
    for laid in book.laid:
        parts += [
            f"> {laid.note.get(lang, '')} ({period(laid.valid_from, laid.valid_to, lang)}; {laid.law})",
            "",
        ]
    for section in sections(book, lang):
        parts += [
            f"## {section.title}",
            "",
            section.rule,
            "",
            _row(HEADS[lang]),
            _row(["---"] * len(HEADS[lang])),
        ]
        for line in section.lines:
            name = f"`{line.id}`" + (f" ({line.municipal})" if line.municipal else "")
            parts.append(
                _row(
                    [
                        name,
                        "; ".join(line.who),
                        line.leads_to,
                        line.why,
                        line.law,
                        line.confidence,
                        line.holds,
                    ]
                )
            )
        parts.append("")
    return "\n".join(parts)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def mermaid(book: Rulebook, lang: str) -> str:
    """The ways as a Mermaid flowchart: from row to row until one fits."""
    return "\n".join(["flowchart TD", *_steps(book, book.tables["route"], lang)]) + "\n"


def _steps(book: Rulebook, table: Table, lang: str) -> Iterator[str]:
    yes, no = {"da": ("ja", "nej"), "en": ("yes", "no")}[lang]
    for number, row in enumerate(table.rows):
        who = "<br/>".join(
            condition_said(name, condition, book.words, lang) for name, condition in row.when.items()
        )
        end = f'    r{number}["{_quoted(leads_to(book, row, lang))}<br/><small>{row.id}</small>"]'
        if not row.when:
            yield end
            continue
        yield f'    q{number}{{"{_quoted(who)}"}}'
        yield end
        yield f"    q{number} -- {yes} --> r{number}"
        following = "q" if number + 1 < len(table.rows) and table.rows[number + 1].when else "r"
        if number + 1 < len(table.rows):
            yield f"    q{number} -- {no} --> {following}{number + 1}"


def _quoted(text: str) -> str:
    return text.replace('"', "#quot;")


def matching(found: Sequence[Section], words: str) -> list[Section]:
    """The sections with only the rows that hold every word of a search."""
    wanted = words.casefold().split()
    if not wanted:
        return list(found)
    kept = []
    for section in found:
        lines = tuple(line for line in section.lines if all(word in _text(section, line) for word in wanted))
        if lines:
            kept.append(Section(section.id, section.title, section.rule, lines))
    return kept


def _text(section: Section, line: Line) -> str:
    return " ".join((section.title, line.id, *line.who, line.leads_to, line.why, line.law)).casefold()


def as_numbers(book: Rulebook, lang: str) -> list[tuple[str, str, str, str, str]]:
    """The figures: name, value or "not known", what it is, law and confidence."""
    unknown = {"da": "ikke kendt", "en": "not known"}[lang]
    return [
        (
            figure.name,
            said(figure.value, lang) if figure.known else unknown,
            figure.label.get(lang, ""),
            figure.law,
            CONFIDENCE[lang][figure.confidence],
        )
        for figure in book.figures.values()
    ]
