"""Which names of occupations are known in a municipality: ours, and those of the official lists that were loaded."""

from __future__ import annotations

import asyncio

from portal.store import name_lists
from portal.store.database import Reader
from portal.triage.understanding import work
from portal.triage.understanding.titles import Titles

KINDS = ("disco", "esco")
KEPT = 8  # indexes at a time; lists that are alike share one
_indexes: dict[tuple[str, ...], Titles] = {}


async def titles(reader: Reader) -> Titles:
    """The names to look occupations up by, as they are loaded now. Built beside the server's own work when they are new."""
    lists = [one for one in await name_lists.loaded(reader) if one.kind in KINDS]
    if not lists:
        return work.our_titles()
    digests = tuple(one.digest for one in lists)
    if digests not in _indexes:
        official = [name for one in lists for name in await name_lists.names_of(reader, one.kind)]
        built = await asyncio.to_thread(work.with_official, official)
        while len(_indexes) >= KEPT:
            _indexes.pop(next(iter(_indexes)))
        _indexes[digests] = built
    return _indexes[digests]
