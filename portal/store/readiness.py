"""Whether the portal may serve this database: said in sentences before the first request, never found out during one."""

from __future__ import annotations

from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError

from portal.store import rights, schema
from portal.store.database import Reader, Store
from portal.store.keys import MARK, SealBrokenError, place
from portal.store.tables import KeyMark


async def trouble(store: Store, *, demo: bool) -> list[str]:
    """Everything that stands in the way, and what to do about it; empty when nothing does."""
    try:
        revision = await revision_of(store)
    except (DBAPIError, OSError) as error:
        return [f"The database does not answer ({type(error).__name__}). Is it up, and is its address right?"]
    if revision != schema.newest():
        return [_old(revision)]
    said = await rights.trouble(store.engine)
    for municipality in await store.municipalities():
        if municipality.fictional != demo:
            said.append(_wrong_mode(municipality.name, demo=demo))
        async with store.reading(municipality.code) as reader:
            lost = await lost_keys(reader)
        if lost:
            said.append(
                f"Data of {municipality.name} are sealed with keys this key ring does not have ({', '.join(lost)}). "
                "Without them CPR numbers, health limits and messages cannot be opened: put the right key ring back. "
                "Nothing has been changed."
            )
    return said


def _wrong_mode(name: str, *, demo: bool) -> str:
    if demo:
        return f"{name} is a real municipality: the demo login does not start before it. Use PORTAL_MODE=production."
    return f"{name} is a demo with fictional people: it does not start in production. Use an empty database."


def _old(revision: str | None) -> str:
    if revision is None:
        return "The database has no schema yet. Run: portal migrate"
    if revision in schema.known():
        return "The database has an older schema than this release needs. Run: portal migrate"
    return f"The database has a schema ({revision}) this release does not know: a newer portal has been here."


async def revision_of(store: Store) -> str | None:
    """The revision the database says it has, or None when it has no schema. DBAPIError or OSError when it is away."""
    async with store.engine.connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
            return None
        found = await connection.execute(text("SELECT version_num FROM alembic_version"))
        return found.scalar_one_or_none()


async def lost_keys(reader: Reader) -> list[str]:
    """Names of keys this municipality's data need and the ring cannot open with."""
    lost = []
    for mark in await reader.rows(select(KeyMark).order_by(KeyMark.id)):
        where = place("keymark", "sealed", reader.municipality, mark.id)
        try:
            right = reader.ring.open(mark.sealed, where) == MARK.encode()
        except SealBrokenError:
            right = False
        if not right:
            lost.append(mark.id)
    return lost
