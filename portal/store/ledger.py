"""The ledger of erasures: a file of its own, one line each, without names. It outlives a restore, which replays it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


class LedgerError(Exception):
    """The ledger cannot be read or written; the message says why, and what to do."""


@dataclass(frozen=True)
class Entry:
    municipality: str
    kind: str
    person_id: str
    erased_at: datetime


def add(path: Path, entry: Entry) -> None:
    """The line is on the disk when this returns."""
    line = {
        "municipality": entry.municipality,
        "kind": entry.kind,
        "id": entry.person_id,
        "at": entry.erased_at.isoformat(),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LedgerError(f"The ledger of erasures {path} cannot be written: {error.strerror}.") from None


def read(path: Path) -> Iterator[Entry]:
    """Every erasure, oldest first; none when there is no file."""
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found = json.loads(line)
            yield Entry(
                found["municipality"], found["kind"], found["id"], datetime.fromisoformat(found["at"])
            )
        except (ValueError, KeyError, TypeError):
            raise LedgerError(
                f"{path}, line {number} is no erasure. Mend the line; nothing was changed."
            ) from None
