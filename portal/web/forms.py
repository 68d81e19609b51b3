"""Forms, parsed once at the edge: a closed list of fields in, plain texts out; mistakes are values, not exceptions."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException

from portal.text import gettext as _
from portal.web.access import ForgedError, is_plain_form
from portal.web.visit import Visit

LONGEST = 4000
NUMBER = re.compile(r"[0-9]{1,7}(\.[0-9]{1,4})?")
_ALWAYS = frozenset({"csrf", "key"})


class MalformedError(Exception):
    """A form no page of ours could have sent."""


@dataclass
class Form:
    """What was typed (`values`, kept as it stands) and what is wrong with it (`errors`, by field)."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def ok(self) -> bool:
        return not self.errors

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, message)

    def text(self, name: str, *, longest: int = LONGEST, needed: str | None = None) -> str:
        """The text, trimmed. `needed` is the sentence to say when it is missing."""
        value = self[name].strip()
        if not value and needed:
            self.wrong(name, needed)
        if len(value) > longest:
            self.wrong(name, _("Teksten er for lang. Skriv højst %(count)s tegn.") % {"count": longest})
        return value

    def choice(self, name: str, among: Iterable[str], needed: str) -> str:
        value = self[name]
        if value not in set(among):
            self.wrong(name, needed)
        return value

    def whole(self, name: str, low: int, high: int, *, needed: str | None = None) -> int | None:
        value = self[name].strip()
        if not value and needed is None:
            return None
        if not value.isascii() or not value.isdecimal() or len(value) > 9 or not low <= int(value) <= high:
            message = _("Skriv et helt tal mellem %(low)s og %(high)s.") % {"low": low, "high": high}
            self.wrong(name, needed if needed and not value else message)
            return None
        return int(value)

    def decimal(self, name: str, low: int, high: int, *, needed: str | None = None) -> Decimal | None:
        """A number with comma or point."""
        value = self[name].strip().replace(",", ".")
        if not value and needed is None:
            return None
        try:
            if not NUMBER.fullmatch(value):
                raise InvalidOperation
            found = Decimal(value)
            if not low <= found <= high:
                raise InvalidOperation
        except InvalidOperation:
            message = _("Skriv et tal mellem %(low)s og %(high)s, for eksempel 12,5.") % {
                "low": low,
                "high": high,
            }
            self.wrong(name, needed if needed and not value else message)
            return None
        return found

    def day(self, name: str, *, needed: str | None = None) -> date | None:
        """A date from a date field (2026-12-01) or as people write it (1/12 2026, 01-12-2026, 1.12.2026)."""
        value = self[name].strip()
        if not value and needed is None:
            return None
        try:
            return _read_day(value)
        except ValueError:
            message = _("Skriv en dato, for eksempel 01-12-2026.")
            self.wrong(name, needed if needed and not value else message)
            return None

    def checked(self, name: str) -> bool:
        return self[name] == "1"


def _read_day(value: str) -> date:
    if len(value) == 10 and value[4] == "-":
        return date.fromisoformat(value)
    parts = value.replace("/", "-").replace(".", "-").replace(" ", "-").split("-")
    parts = [part for part in parts if part]
    if (
        len(parts) != 3
        or not all(part.isascii() and part.isdecimal() for part in parts)
        or len(parts[2]) != 4
    ):
        raise ValueError(value)
    return date(int(parts[2]), int(parts[1]), int(parts[0]))


def empty(values: Mapping[str, Any] | None = None) -> Form:
    """A form to show, with what is already known filled in."""
    return Form({name: "" if value is None else str(value) for name, value in (values or {}).items()})


async def read(request: Request[Any, Any, Any], visit: Visit, fields: Iterable[str]) -> Form:
    """The form that was posted. ForgedError without the session's own token; MalformedError for unknown fields."""
    if not is_plain_form(request):
        raise MalformedError
    try:
        posted = await request.form()
        pairs = list(posted.multi_items())
    except (ClientException, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise MalformedError from error
    allowed = {*fields} | _ALWAYS
    values: dict[str, str] = {}
    for name, value in pairs:
        if name not in allowed or not isinstance(value, str) or name in values or "\x00" in value:
            raise MalformedError
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise MalformedError from error
        values[name] = value.replace("\r\n", "\n")
    if visit.actor is not None and not hmac.compare_digest(
        values.get("csrf", "").encode(), visit.csrf.encode()
    ):
        raise ForgedError
    values["key"] = _key(str(request.scope["path"]), visit, values)
    return Form(values)


def _key(path: str, visit: Visit, values: Mapping[str, str]) -> str:
    """What makes this the same request as an earlier one: the form's own key, who, where, and all that was sent. The
    same page sent again with other words is a new request, so nothing typed is swallowed."""
    sent = sorted((name, value) for name, value in values.items() if name != "csrf")
    who = visit.actor.id if visit.actor else ""
    return hashlib.sha256(repr((path, who, sent)).encode()).hexdigest()
