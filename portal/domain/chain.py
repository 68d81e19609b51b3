"""The journal's chain: each line's hash binds it to every line before it, so that an edit, a gap or a swap shows.

The personal part of a line is bound by a salted hash of its own: it can be shredded without breaking the chain, and once
it is gone, the hash tells nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

BEGINNING = "0" * 64


def _digest(content: Mapping[str, Any]) -> str:
    said = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def line_hash(
    previous: str,
    *,
    municipality: str,
    line_id: str,
    number: int,
    at: datetime,
    code: str,
    actor: tuple[str, str],
    subject: tuple[str, str],
    facts: Mapping[str, Any],
    detail_hash: str,
) -> str:
    """SHA-256 over the previous line's hash and all of this one. `actor` is role and id, `subject` kind and id."""
    return _digest(
        {
            "previous": previous,
            "municipality": municipality,
            "id": line_id,
            "number": number,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "code": code,
            "actor": list(actor),
            "subject": list(subject),
            "facts": dict(facts),
            "detail": detail_hash,
        }
    )


def detail_hash(salt: str, actor_name: str, words: str, facts: Mapping[str, Any]) -> str:
    """SHA-256 over the personal part of a line and its salt."""
    return _digest({"salt": salt, "actor_name": actor_name, "words": words, "facts": dict(facts)})
