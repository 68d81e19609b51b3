"""The forms outside the rooms."""

from __future__ import annotations

from typing import Any

from litestar import Request

from portal.web import forms
from portal.web.forms import Form
from portal.web.visit import Visit


async def read_logout(request: Request[Any, Any, Any], visit: Visit) -> Form:
    """What a login provider sends when somebody has logged out there."""
    return await forms.read(request, visit, ("logout_token",))


async def read_nothing(request: Request[Any, Any, Any], visit: Visit) -> None:
    """A form that is only a button."""
    await forms.read(request, visit, ())
