"""Rulebook files as they lie on disk or in a draft: raw content, where its parts stand, and the hash that pins it."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from portal.triage import lines
from portal.triage.rulebook import FOLDER, Fault


@dataclass(frozen=True, eq=False)
class Source:
    """One file. `hash` is of the content, so that comments and white space may change and the rules may not."""

    name: str
    content: Mapping[str, Any]
    hash: str

    @classmethod
    def of(cls, text: str, name: str) -> Source:
        """Raises tomllib.TOMLDecodeError, with line and column, for what is not TOML."""
        content = tomllib.loads(text, parse_float=Decimal)
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        lines.mark(content, text, name)
        return cls(name, content, digest)

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
        return found if isinstance(found, date) else date.min

    @property
    def valid_to(self) -> date:
        found = self.content.get("valid_to")
        return found if isinstance(found, date) else date.max

    @property
    def version(self) -> str:
        return str(self.content.get("version", ""))

    @property
    def in_order(self) -> tuple[date, str]:
        """The later one wins: by the day it holds from, then by version."""
        return self.valid_from, self.version

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day <= self.valid_to


def try_reading(text: str, name: str) -> tuple[Source | None, list[Fault]]:
    """The source, or the fault that keeps it from being TOML at all."""
    try:
        return Source.of(text, name), []
    except tomllib.TOMLDecodeError as error:
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
