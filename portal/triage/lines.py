"""Where the parts of a rulebook file stand, so that a mistake is told with its line.

TOML readers throw the lines away. Rulebooks use a plain layout (tables in double brackets, one key a line), so one pass over
the text finds them again; what is laid out otherwise gets the line of its table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

HEADER = re.compile(r"\s*\[\[?\s*([A-Za-z_.]+)\s*\]\]?")
KEY = re.compile(r"\s*([A-Za-z0-9_.]+)\s*=")
AT = "__at__"  # the key under which a table read from a file remembers where it stood


@dataclass
class At:
    """A table's file and line, and the lines of its keys."""

    file: str
    line: int
    keys: dict[str, int] = field(default_factory=dict)

    def of(self, key: str) -> int:
        """The line of the first key that is `key` or begins with it; else the table's own."""
        found = [line for name, line in self.keys.items() if name == key or name.startswith(f"{key}.")]
        return min(found) if key and found else self.line


def mark(content: dict[str, Any], text: str, file: str) -> None:
    """Every table of `content` will know where in `text` it stands."""
    places = list(_places(text, file))
    content[AT] = places[0][1]
    parent: Any = content
    for name, at in places[1:]:
        outer, _, inner = name.partition(".")
        here = parent.get(inner) if inner else content.get(outer)
        table = next((one for one in here if AT not in one), None) if isinstance(here, list) else here
        if isinstance(table, dict):
            table[AT] = at
            parent = parent if inner else table


def _places(text: str, file: str) -> Iterator[tuple[str, At]]:
    name, at = "", At(file, 1)
    inside = ""  # the quotes of a text over several lines, while it lasts
    for number, line in enumerate(text.splitlines(), start=1):
        if inside:
            inside = "" if inside in line else inside
            continue
        header, key = HEADER.match(line), KEY.match(line)
        if header:
            yield name, at
            name, at = header.group(1), At(file, number)
        elif key:
            at.keys.setdefault(key.group(1), number)
        inside = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
    yield name, at
