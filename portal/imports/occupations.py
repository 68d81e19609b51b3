"""Official names of occupations and industries in. Read whole and checked whole, then taken whole.

Two formats: Statistics Denmark's classifications (CSV with `;` and the columns KODE, NIVEAU and TITEL: DISCO-08 for
occupations, DB07 and DB25 for industries), and ESCO's occupations (CSV with `,` and the columns conceptType, iscoGroup,
preferredLabel and altLabels).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Literal

from portal.imports.outlook import Fault

Kind = Literal["disco", "esco", "industries"]
DENMARK = ("kode", "niveau", "titel")
ESCO = ("conceptType", "iscoGroup", "preferredLabel", "altLabels")
LONGEST = 300  # letters in a name
_DIGITS = re.compile(r"[0-9]{1,6}")
_SECTION = re.compile(r"[A-Z]")


@dataclass(frozen=True)
class Names:
    """What a file holds: (name, code). Codes are unit groups of DISCO-08 (four digits) or codes of industries. `unplaced`
    counts names whose group DISCO-08 does not have; they are left out."""

    kind: Kind
    names: tuple[tuple[str, str], ...]
    unplaced: int = 0


def read(data: bytes, groups: Collection[str]) -> tuple[Names | None, list[Fault]]:
    """The names, or every fault with its line. `groups` are the unit groups there are."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return None, [Fault(line, "not UTF-8 text; save the file as UTF-8")]
    first = text.split("\n", 1)[0]
    if set(DENMARK) <= {name.strip().lower() for name in first.split(";")}:
        return _denmark(text, groups)
    if set(ESCO) <= {name.strip() for name in first.split(",")}:
        return _esco(text, groups)
    wanted = f"{';'.join(DENMARK).upper()} (Statistics Denmark) or {','.join(ESCO)} (ESCO)"
    return None, [Fault(1, f"the first line must name the columns {wanted}")]


def _rows(
    text: str, delimiter: str, faults: list[Fault], *, lower: bool
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row by column with the line it begins on. A row that does not read is a fault; one that never ends, the last."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [name.strip().lower() if lower else name.strip() for name in next(reader)]
    begins = reader.line_num + 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(Fault(begins, f"the row does not read: {error}"))
            return
        if len(row) == len(header):
            yield begins, dict(zip(header, (one.strip() for one in row), strict=True))
        elif row:
            faults.append(Fault(begins, f"{len(row)} fields instead of {len(header)}"))
        begins = reader.line_num + 1


def _denmark(text: str, groups: Collection[str]) -> tuple[Names | None, list[Fault]]:
    faults: list[Fault] = []
    seen: dict[str, str] = {}
    section = False
    for line, row in _rows(text, ";", faults, lower=True):
        code, title = row["kode"], row["titel"]
        wrong = _wrong(code, title, seen, whole=not section)
        if wrong is None and not row["niveau"].isdecimal():
            wrong = f"{row['niveau']!r} is no level"
        if wrong:
            faults.append(Fault(line, wrong))
        else:
            section = section or not code.isdecimal()
            seen[code] = title
    if faults or not seen:
        return None, faults or [Fault(2, "there are no rows")]
    if section:
        return Names("industries", tuple((title, code) for code, title in seen.items() if len(code) == 6)), []
    if not any(len(code) == 4 for code in seen):
        return None, [Fault(1, "no row has a four-digit code: is the whole classification in the file?")]
    named = [(title, code[:4]) for code, title in seen.items() if len(code) >= 4]
    return _placed("disco", named, groups), []


def _wrong(code: str, title: str, seen: Mapping[str, str], *, whole: bool) -> str | None:
    """What is wrong with a row. `whole`: every code stands below its own, as occupations do and industries do not."""
    if not (_DIGITS.fullmatch(code) or _SECTION.fullmatch(code)):
        return f"{code!r} is no code (one to six digits, or a letter)"
    if code in seen:
        return f"{code} stands twice"
    if not title:
        return f"{code} has no title"
    if len(title) > LONGEST:
        return f"the title of {code} is longer than {LONGEST} letters"
    above = code[:4] if len(code) == 6 else code[:-1]
    if whole and code.isdecimal() and len(code) > 2 and above not in seen:
        return f"{code} stands before {above}, or {above} is missing"
    return None


def _esco(text: str, groups: Collection[str]) -> tuple[Names | None, list[Fault]]:
    faults: list[Fault] = []
    named: list[tuple[str, str]] = []
    for line, row in _rows(text, ",", faults, lower=False):
        group, preferred = row["iscoGroup"].removeprefix("C"), row["preferredLabel"]
        names = [preferred, *(one.strip() for one in row["altLabels"].splitlines())]
        if row["conceptType"] != "Occupation":
            faults.append(Fault(line, f"{row['conceptType']!r} is no Occupation"))
        elif not (group.isascii() and group.isdecimal() and len(group) == 4):
            faults.append(Fault(line, f"{group!r} is no four-digit ISCO group"))
        elif not preferred:
            faults.append(Fault(line, "preferredLabel is empty"))
        elif any(len(name) > LONGEST for name in names):
            faults.append(Fault(line, f"a name is longer than {LONGEST} letters"))
        else:
            named += [(name, group) for name in names if name]
    if faults or not named:
        return None, faults or [Fault(2, "there are no rows")]
    return _placed("esco", named, groups), []


def _placed(kind: Kind, named: list[tuple[str, str]], groups: Collection[str]) -> Names:
    """Each name once, where its group exists."""
    placed = {name: code for name, code in reversed(named) if code in groups}
    return Names(kind, tuple(reversed(placed.items())), sum(code not in groups for _, code in named))
