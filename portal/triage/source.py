"""Rulebook files as they lie on disk or in a draft: raw content, where its parts stand, and the hash that pins it."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from portal.triage import lines
from portal.triage.rulebook import FOLDER, Fault


@dataclass(frozen=True, eq=False)
class Source:
    """One file. `hash` is of the content, so that comments and white space may change and the rules may not; `old_hash` is
    the one that stood in stamps before values were told apart by kind (a date from the same date in quotes)."""

    name: str
    content: Mapping[str, Any]
    hash: str
    old_hash: str = ""

    @classmethod
    def of(cls, text: str, name: str) -> Source:
        """Raises ValueError (tomllib.TOMLDecodeError with line and column) or RecursionError for what is not TOML."""
        content = tomllib.loads(text, parse_float=Decimal)
        digests = [_digest(content, kinds) for kinds in (_with_kinds, str)]
        lines.mark(content, text, name)
        return cls(name, content, *digests)

    @classmethod
    def read(cls, path: Path) -> Source:
        return cls.of(path.read_text(encoding="utf-8"), path.name)

    @property
    def municipality(self) -> str:
        """Whose layer it is; empty for a whole rulebook."""
        return str(self.content.get("municipality", ""))

    @property
    def valid_from(self) -> date:
        found = self.content.get("valid_from")
        return found if is_day(found) else date.min

    @property
    def valid_to(self) -> date:
        found = self.content.get("valid_to")
        return found if is_day(found) else date.max

    @property
    def version(self) -> str:
        return str(self.content.get("version", ""))

    @property
    def in_order(self) -> tuple[date, list[tuple[int, str]]]:
        """The later one wins: by the day it holds from, then by version, in which 10 comes after 9."""
        parts = re.findall(r"\d+|\D+", self.version)
        return self.valid_from, [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to


def is_day(value: Any) -> TypeGuard[date]:
    """A date alone: not one in quotes, and not one with a time of day."""
    return type(value) is date


def _digest(content: Mapping[str, Any], kinds: Callable[[Any], Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, default=kinds)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _with_kinds(value: Any) -> Any:
    """What JSON does not know, with its kind: 8.0 is not "8.0", and a date is not a text."""
    return {f"\0{type(value).__name__}": str(value)}


def try_reading(text: str, name: str) -> tuple[Source | None, list[Fault]]:
    """The source, or the fault that keeps it from being TOML at all."""
    try:
        return Source.of(text, name), []
    except RecursionError:
        return None, [
            Fault("file", "", "syntax", "this is not TOML: brackets inside too many brackets", file=name)
        ]
    except ValueError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else 0
        return None, [Fault("file", "", "syntax", f"this is not TOML: {error}", file=name, line=line)]


@cache
def built_in() -> tuple[Source, ...]:
    """The national rulebooks that come with the portal, in every edition: cases stay pinned to what they began with."""
    return tuple(Source.read(path) for path in sorted((FOLDER / "national").glob("*.toml")))


@cache
def built_in_layers() -> tuple[Source, ...]:
    """The municipal layers that come with the portal."""
    return tuple(Source.read(path) for path in sorted((FOLDER / "municipal").glob("*/*.toml")))


@cache
def municipalities() -> Mapping[str, str]:
    """The name of each municipality by its code, the fictional one included."""
    content = tomllib.loads((FOLDER / "municipalities.toml").read_text(encoding="utf-8"))
    return dict(content["municipality"])
