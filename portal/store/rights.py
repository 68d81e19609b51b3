"""What PostgreSQL itself holds the app to: row-level security on every municipality's rows, and no right beyond rows.

The app's role owns nothing and cannot go round the policies; `trouble` says so before the first request when it could.
"""

from __future__ import annotations

import re

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel

ADD_ONLY = frozenset({"journal", "erasure"})  # what happened is never changed, and an erasure stays known
_ROLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
HERE = "current_setting('portal.municipality', true)"


def tenant_tables() -> list[str]:
    """Every table whose rows belong to one municipality."""
    return sorted(table.name for table in SQLModel.metadata.tables.values() if table.name != "municipality")


def protect(table: str) -> list[str]:
    """The statements that put a table under row-level security, its owner too."""
    if table == "municipality":
        rules = [
            "CREATE POLICY everybody_reads ON municipality FOR SELECT USING (true)",
            f"CREATE POLICY own ON municipality USING (code = {HERE}) WITH CHECK (code = {HERE})",
        ]
    else:
        rules = [
            f'CREATE POLICY own ON "{table}" USING (municipality = {HERE}) WITH CHECK (municipality = {HERE})'
        ]
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        *rules,
    ]


def unprotect(table: str) -> list[str]:
    policies = ("everybody_reads", "own") if table == "municipality" else ("own",)
    return [
        *(f'DROP POLICY {policy} ON "{table}"' for policy in policies),
        f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY',
    ]


def grant(connection: Connection, role: str) -> None:
    """The app's role may read and write rows; of the journal it may only read and add."""
    if not _ROLE.fullmatch(role):
        raise ValueError(f"{role} is no name of a PostgreSQL role")
    existing = {
        row[0]
        for row in connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    }
    for table in sorted(existing & set(SQLModel.metadata.tables)):
        verbs = "SELECT, INSERT" if table in ADD_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(text(f'REVOKE ALL ON "{table}" FROM "{role}"'))
        connection.execute(text(f'GRANT {verbs} ON "{table}" TO "{role}"'))
    connection.execute(text(f'GRANT SELECT ON alembic_version TO "{role}"'))


async def trouble(engine: AsyncEngine) -> list[str]:
    """What is wrong with the role the app connects as, or with the tables' protection; empty on SQLite."""
    if engine.dialect.name != "postgresql":
        return []
    async with engine.connect() as connection:
        role = (
            await connection.execute(
                text("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
            )
        ).one()
        rows = await connection.execute(
            text(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, pg_get_userbyid(c.relowner) = current_user "
                "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = 'public' AND c.relkind = 'r'"
            )
        )
        found = {name: (held, owned) for name, held, owned in rows}
    said = []
    if role.rolsuper or role.rolbypassrls:
        said.append(
            f"The database role {role.rolname} goes round row-level security (superuser or BYPASSRLS). Let the portal "
            "connect as a role of its own that owns nothing, and give the owner's address as PORTAL_OWNER_URL."
        )
    ours = set(SQLModel.metadata.tables) & set(found)
    if any(found[name][1] for name in ours):
        said.append(
            f"The database role {role.rolname} owns the tables. Let the portal connect as another role, and give the "
            "owner's address as PORTAL_OWNER_URL."
        )
    bare = sorted(name for name in ours if not found[name][0])
    if bare:
        said.append(f"Row-level security is not forced on: {', '.join(bare)}. Run: portal migrate")
    return said
