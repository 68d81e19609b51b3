"""Which kind of data each column holds. A test fails for a column that is not named here, and for one of the two
sensitive kinds that is not sealed.

PUBLIC may be read by anybody; INTERNAL is the municipality's own; PERSONAL tells of somebody; CPR is the civil
registration number; ARTICLE_9 tells, or can tell, of health and other things the law protects most (GDPR article 9).
Which team has a citizen's case is PERSONAL: the queue must be ordered by it, though a team's name can hint at more.
"""

from __future__ import annotations

PUBLIC, INTERNAL, PERSONAL, CPR, ARTICLE_9 = "public", "internal", "personal", "cpr", "article_9"
SEALED = frozenset({CPR, ARTICLE_9})

_TABLES: dict[str, dict[str, str]] = {
    "municipality": {PUBLIC: "code slug name phone email address opening_hours fictional rule_layers"},
    "rulelayer": {
        PUBLIC: "content hash version_name valid_from state",
        INTERNAL: "created_at created_by published_at published_by",
    },
    "team": {PUBLIC: "name_da name_en kind"},
    "closingday": {PUBLIC: "day", INTERNAL: "note"},
    "staff": {INTERNAL: "role team_id active", PERSONAL: "issuer subject name email"},
    "citizen": {
        PERSONAL: "issuer subject name birth_date email phone channel address protected_address lang seen_on cpr_index",
        CPR: "cpr",
        ARTICLE_9: "benefit",
    },
    "company": {PUBLIC: "cvr name"},
    "companyuser": {INTERNAL: "company_id p_number", PERSONAL: "issuer subject name email lang"},
    "relation": {
        INTERNAL: "kind scope starts_on ends_on recorded_at recorded_by code_hash accepted_at ended_at",
        PERSONAL: "citizen_id name representative_id",
    },
    "loginsession": {
        INTERNAL: "role unit lang created_at seen_at ends_at revoked_at relation_id issuer",
        PERSONAL: "person_id name by_id by_name subject provider_session",
    },
    "usedlogin": {INTERNAL: "at"},
    "attempt": {INTERNAL: "action at", PERSONAL: "who"},
    "ratewindow": {INTERNAL: "count ends_at"},
    "requestkey": {INTERNAL: "result at", PERSONAL: "actor_id"},
    "slot": {INTERNAL: "staff_id team_id starts_at minutes in_person phone video withdrawn"},
    "conversation": {
        INTERNAL: "asked_at asked_by asked_via form state guarantee_days due_on latest_bookable waived_at held_on "
        "claimed_by claimed_at version",
        PERSONAL: "citizen_id interpreter promise team_id",
        ARTICLE_9: "about language routed_because",
    },
    "booking": {INTERNAL: "conversation_id slot_id active booked_at booked_by"},
    "breach": {INTERNAL: "kind subject_id due_on found_at cause"},
    "dialogue": {
        INTERNAL: "started_at updated_at rulebook finished_at version",
        PERSONAL: "citizen_id occupation",
        ARTICLE_9: "answers declined outcome explained",
    },
    "placementcase": {
        INTERNAL: "company_id created_by created_at updated_at scheme state step occupation positions start sent_at facts "
        "answer_due_on read_at read_by rulebook judged claimed_by claimed_at decided_at version",
        PERSONAL: "team_id",
        ARTICLE_9: "form desk decision",
    },
    "candidate": {
        INTERNAL: "code_hash state answered_at accepted_by",
        PERSONAL: "name citizen_id lives_in",
        ARTICLE_9: "facts",
    },
    "message": {
        INTERNAL: "case_kind case_id sent_by_reader kind sent_at read_at",
        PERSONAL: "reader_id author",
        ARTICLE_9: "facts body",
    },
    "outbox": {
        INTERNAL: "kind lang facts once state created_at due_at lease_until lease_by attempts sent_at trouble",
        PERSONAL: "to",
    },
    "namelist": {PUBLIC: "names digest count", INTERNAL: "loaded_at"},
    "outlook": {PUBLIC: "outlook occupation source fictional valid_on"},
    "journalhead": {INTERNAL: "number hash"},
    "journal": {
        INTERNAL: "number at code actor_role actor_id subject_kind subject_id facts detail_hash hash"
    },
    "journaldetail": {INTERNAL: "salt", PERSONAL: "actor_name", ARTICLE_9: "words facts"},
    "accessline": {
        INTERNAL: "at staff_id role unit subject_kind subject_id purpose relation",
        PERSONAL: "citizen_id",
    },
    "accesspurpose": {INTERNAL: "staff_id purpose until", PERSONAL: "citizen_id"},
    "accesssample": {INTERNAL: "line_id week drawn_at signed_by signed_at verdict", ARTICLE_9: "note"},
    "accessdraw": {INTERNAL: "drawn_at looks"},
    "accessalarm": {INTERNAL: "staff_id day looks found_at seen_by seen_at"},
    "erasure": {INTERNAL: "kind erased_at by_id rows"},
    "tally": {INTERNAL: "month what count"},
    "keymark": {INTERNAL: "made_at sealed"},
}


def class_of(table: str, column: str) -> str | None:
    """The kind of data in a column; None when nobody has said. The key of a row is random, and internal."""
    if column in ("municipality", "id"):
        return INTERNAL
    return next((kind for kind, names in _TABLES.get(table, {}).items() if column in names.split()), None)


def named() -> set[tuple[str, str]]:
    """Every column that is named above."""
    return {
        (table, name)
        for table, kinds in _TABLES.items()
        for names in kinds.values()
        for name in names.split()
    }
