"""The forms outside the rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request

from portal.web import forms
from portal.web.visit import Visit


@dataclass(frozen=True)
class Chosen:
    person: str
    back: str


async def read_login(request: Request[Any, Any, Any], visit: Visit) -> Chosen:
    form = await forms.read(request, visit, ("person", "back"))
    return Chosen(form["person"][:80], form["back"])


async def read_nothing(request: Request[Any, Any, Any], visit: Visit) -> None:
    """A form that is only a button."""
    await forms.read(request, visit, ())
