"""trust: sealed columns, the journal's chain, row-level security, and the tables of login, access log and rights"""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import sqlmodel
import sqlmodel.sql.sqltypes
from alembic import context, op

from portal.domain import chain
from portal.store import rights
from portal.store.keys import KeyRing, place

revision = "0fc66d990dbf"
down_revision = "9d1d38925cfe"
branch_labels = None
depends_on = None

TEXTS = {
    "citizen": ("benefit",),
    "conversation": ("about", "language"),
    "message": ("body",),
    "journaldetail": ("words",),
}
FACTS = {
    "conversation": ("routed_because",),
    "dialogue": ("answers", "declined", "outcome", "explained"),
    "placementcase": ("form", "desk", "decision"),
    "candidate": ("facts",),
    "message": ("facts",),
}
OLD_TABLES = (
    "attempt", "booking", "breach", "candidate", "citizen", "closingday", "company", "companyuser", "conversation",
    "dialogue", "journal", "journaldetail", "journalhead", "loginsession", "message", "municipality", "outbox", "outlook",
    "placementcase", "requestkey", "slot", "staff", "team",
)  # fmt: skip
NEW_TABLES = (
    "accessalarm", "accessdraw", "accessline", "accesspurpose", "erasure", "keymark", "tally",
    "usedlogin", "ratewindow", "accesssample", "relation",
)  # fmt: skip
STRING = sqlmodel.sql.sqltypes.AutoString


def _ring() -> KeyRing:
    ring: KeyRing | None = context.config.attributes.get("ring")
    if ring is None:
        raise RuntimeError("this migration seals data: it needs the key ring")
    return ring


def upgrade() -> None:
    _create()
    for table, columns in FACTS.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.alter_column(
                    name, type_=sa.String(), existing_nullable=False, postgresql_using=f"{name}::text"
                )
    _add("citizen", ("cpr", True), ("cpr_index", True))
    where = sa.text("cpr_index IS NOT NULL")
    op.create_index(
        "uq_citizen_cpr",
        "citizen",
        ["municipality", "cpr_index"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    _add("companyuser", ("p_number", False))
    _add("journal", ("detail_hash", False), ("hash", False))
    _add("journaldetail", ("facts", False), ("salt", False))
    _add("journalhead", ("hash", False))
    _add(
        "loginsession",
        *(
            (name, False)
            for name in ("relation_id", "by_id", "by_name", "issuer", "subject", "provider_session")
        ),
    )
    with op.batch_alter_table("loginsession") as batch:
        batch.drop_column("csrf")
        batch.create_index("ix_loginsession_person", ["municipality", "person_id"])
        batch.create_index("ix_loginsession_subject", ["municipality", "issuer", "subject"])
    op.execute("DELETE FROM loginsession")
    with op.batch_alter_table("municipality") as batch:
        batch.add_column(sa.Column("fictional", sa.Boolean(), nullable=False, server_default=sa.false()))
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT count(*) FROM municipality")).scalar():
        op.execute(
            "UPDATE municipality SET fictional = true"
        )  # until this release only demos could be started
        ring = _ring()
        _rename_demo_logins()
        _seal_all(connection, ring)
        _chain_all(connection)
        _mark_keys(connection, ring)
    if connection.dialect.name == "postgresql":
        for table in (*OLD_TABLES, *NEW_TABLES):
            for statement in rights.protect(table):
                op.execute(statement)


def _rename_demo_logins() -> None:
    """The demo's people are known by the demo's own provider from now on."""
    for table, door in (("citizen", "borger"), ("staff", "medarbejder"), ("companyuser", "virksomhed")):
        op.execute(f"UPDATE {table} SET issuer = 'https://demo-login.invalid/{door}' WHERE issuer = 'demo'")  # noqa: S608
    op.execute(
        "UPDATE companyuser SET subject = (SELECT company.cvr FROM company WHERE company.municipality = "
        "companyuser.municipality AND company.id = companyuser.company_id) || '/' || subject WHERE subject NOT LIKE '%/%'"
    )


def _add(table: str, *columns: tuple[str, bool]) -> None:
    with op.batch_alter_table(table) as batch:
        for name, nullable in columns:
            default = None if nullable else ""
            batch.add_column(sa.Column(name, STRING(), nullable=nullable, server_default=default))


def _rows(connection: sa.Connection, table: str, columns: tuple[str, ...]) -> Iterator[Any]:
    shape = sa.table(
        table, sa.column("municipality"), sa.column("id"), *(sa.column(name) for name in columns)
    )
    yield from connection.execute(sa.select(shape)).all()


def _put(connection: sa.Connection, table: str, row: Any, values: dict[str, Any]) -> None:
    shape = sa.table(table, sa.column("municipality"), sa.column("id"), *(sa.column(name) for name in values))
    connection.execute(
        sa.update(shape).where(shape.c.municipality == row.municipality, shape.c.id == row.id).values(values)
    )


def _seal_all(connection: sa.Connection, ring: KeyRing) -> None:
    for columns, facts in ((TEXTS, False), (FACTS, True)):
        for table, names in columns.items():
            for row in _rows(connection, table, names):
                sealed = {}
                for name in names:
                    value = getattr(row, name)
                    if value is not None:
                        plain = _compact(json.loads(value)) if facts else value
                        sealed[name] = ring.seal(plain.encode(), place(table, name, row.municipality, row.id))
                _put(connection, table, row, sealed) if sealed else None


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _chain_all(connection: sa.Connection) -> None:
    """The lines there are, chained in their order. Their facts stay as they were: they are part of the demo only."""
    ring = _ring()
    details = {
        (row.municipality, row.id): row for row in _rows(connection, "journaldetail", ("actor_name", "words"))
    }
    journal = sa.table(
        "journal",
        *(sa.column(name) for name in ("municipality", "id", "number", "code", "actor_role", "actor_id")),
        sa.column("at", sqlmodel.sql.sqltypes.UTCDateTime()),
        sa.column("subject_kind"),
        sa.column("subject_id"),
        sa.column("facts", sa.JSON()),
    )
    heads: dict[str, str] = {}
    for row in connection.execute(
        sa.select(journal).order_by(journal.c.municipality, journal.c.number)
    ).all():
        detail, salt = details[row.municipality, row.id], secrets.token_hex(16)
        words = ring.open(detail.words, place("journaldetail", "words", row.municipality, row.id)).decode()
        detail_hash = chain.detail_hash(salt, detail.actor_name, words, {})
        line = heads[row.municipality] = chain.line_hash(
            heads.get(row.municipality, chain.BEGINNING),
            municipality=row.municipality,
            line_id=row.id,
            number=row.number,
            at=row.at,
            code=row.code,
            actor=(row.actor_role, row.actor_id),
            subject=(row.subject_kind, row.subject_id),
            facts=row.facts,
            detail_hash=detail_hash,
        )
        _put(connection, "journal", row, {"detail_hash": detail_hash, "hash": line})
        empty = ring.seal(b"{}", place("journaldetail", "facts", row.municipality, row.id))
        _put(connection, "journaldetail", row, {"salt": salt, "facts": empty})
    for head in _rows(connection, "journalhead", ()):
        _put(connection, "journalhead", head, {"hash": heads.get(head.municipality, "")})


def _mark_keys(connection: sa.Connection, ring: KeyRing) -> None:
    for code in connection.execute(sa.text("SELECT code FROM municipality")).scalars().all():
        sealed = ring.seal(b"portal", place("keymark", "sealed", code, ring.current))
        connection.execute(
            sa.text(
                "INSERT INTO keymark (municipality, id, made_at, sealed) VALUES (:code, :key, CURRENT_TIMESTAMP, :sealed)"
            ),
            {"code": code, "key": ring.current, "sealed": sealed},
        )


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        for table in (*OLD_TABLES, *NEW_TABLES):
            for statement in rights.unprotect(table):
                op.execute(statement)
    _open_all(connection)
    for table in (
        "accesssample",
        "accessalarm",
        "accessdraw",
        "accessline",
        "accesspurpose",
        "erasure",
        "keymark",
        "tally",
        "usedlogin",
        "ratewindow",
        "relation",
    ):
        op.drop_table(table)
    op.drop_index("uq_citizen_cpr", "citizen")
    _drop("citizen", "cpr", "cpr_index")
    _drop("companyuser", "p_number")
    _drop("journal", "detail_hash", "hash")
    _drop("journaldetail", "facts", "salt")
    _drop("journalhead", "hash")
    op.execute("DELETE FROM loginsession")
    with op.batch_alter_table("loginsession") as batch:
        batch.drop_index("ix_loginsession_person")
        batch.drop_index("ix_loginsession_subject")
        batch.add_column(sa.Column("csrf", STRING(), nullable=False))
        for name in ("relation_id", "by_id", "by_name", "issuer", "subject", "provider_session"):
            batch.drop_column(name)
    _drop("municipality", "fictional")
    for table, columns in FACTS.items():
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.alter_column(
                    name,
                    type_=sa.JSON(none_as_null=True),
                    existing_nullable=False,
                    postgresql_using=f"{name}::json",
                )


def _drop(table: str, *columns: str) -> None:
    with op.batch_alter_table(table) as batch:
        for name in columns:
            batch.drop_column(name)


def _open_all(connection: sa.Connection) -> None:
    for columns in (TEXTS, FACTS):
        for table, names in columns.items():
            for row in _rows(connection, table, names):
                plain = {
                    name: _ring()
                    .open(getattr(row, name), place(table, name, row.municipality, row.id))
                    .decode()
                    for name in names
                    if getattr(row, name) is not None
                }
                _put(connection, table, row, plain) if plain else None


def _create() -> None:
    op.create_table(
        "accessalarm",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("staff_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("found_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("seen_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_accessalarm_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_accessalarm")),
    )
    with op.batch_alter_table("accessalarm", schema=None) as batch_op:
        batch_op.create_index("uq_accessalarm_once", ["municipality", "staff_id", "day"], unique=True)

    op.create_table(
        "accessdraw",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("drawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_accessdraw_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_accessdraw")),
    )
    op.create_table(
        "accessline",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("staff_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("role", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("unit", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("citizen_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("subject_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("relation", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.CheckConstraint("relation IN ('own_case', 'team', 'none')", name=op.f("ck_accessline_relation")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_accessline_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_accessline")),
    )
    with op.batch_alter_table("accessline", schema=None) as batch_op:
        batch_op.create_index("ix_accessline_at", ["municipality", "at"], unique=False)
        batch_op.create_index("ix_accessline_citizen", ["municipality", "citizen_id", "at"], unique=False)
        batch_op.create_index("ix_accessline_staff", ["municipality", "staff_id", "at"], unique=False)

    op.create_table(
        "accesspurpose",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("staff_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("citizen_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_accesspurpose_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_accesspurpose")),
    )
    with op.batch_alter_table("accesspurpose", schema=None) as batch_op:
        batch_op.create_index(
            "ix_accesspurpose_who", ["municipality", "staff_id", "citizen_id", "until"], unique=False
        )

    op.create_table(
        "erasure",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("erased_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("rows", sa.JSON(none_as_null=True), nullable=False),
        sa.CheckConstraint("kind IN ('citizen', 'companyuser')", name=op.f("ck_erasure_kind")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_erasure_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "keymark",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sealed", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_keymark_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_keymark")),
    )
    op.create_table(
        "tally",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("month", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("what", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["municipality"], ["municipality.code"], name=op.f("fk_tally_municipality")),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_tally")),
    )
    op.create_table(
        "usedlogin",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_usedlogin_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_usedlogin")),
    )
    op.create_table(
        "ratewindow",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_ratewindow_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_ratewindow")),
    )
    with op.batch_alter_table("ratewindow", schema=None) as batch_op:
        batch_op.create_index("ix_ratewindow_end", ["municipality", "ends_at"], unique=False)

    op.create_table(
        "accesssample",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("line_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("week", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("drawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("signed_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("signed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["municipality", "line_id"],
            ["accessline.municipality", "accessline.id"],
            name=op.f("fk_accesssample_municipality_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_accesssample_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_accesssample")),
    )
    with op.batch_alter_table("accesssample", schema=None) as batch_op:
        batch_op.create_index("ix_accesssample_week", ["municipality", "week"], unique=False)
        batch_op.create_index("uq_accesssample_line", ["municipality", "line_id"], unique=True)

    op.create_table(
        "relation",
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("citizen_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("scope", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("recorded_by", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("representative_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("accepted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('companion', 'power_of_attorney')", name=op.f("ck_relation_kind")),
        sa.ForeignKeyConstraint(
            ["municipality", "citizen_id"],
            ["citizen.municipality", "citizen.id"],
            name=op.f("fk_relation_municipality_citizen_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality", "representative_id"],
            ["citizen.municipality", "citizen.id"],
            name=op.f("fk_relation_municipality_representative_id"),
        ),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_relation_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_relation")),
    )
    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.create_index("ix_relation_citizen", ["municipality", "citizen_id"], unique=False)
        batch_op.create_index(
            "ix_relation_representative", ["municipality", "representative_id"], unique=False
        )
        batch_op.create_index(
            "uq_relation_code",
            ["municipality", "code_hash"],
            unique=True,
            sqlite_where=sa.text("code_hash IS NOT NULL"),
            postgresql_where=sa.text("code_hash IS NOT NULL"),
        )
