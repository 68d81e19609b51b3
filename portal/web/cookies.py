"""Cookies: kept from scripts and other sites, bound to host and https, and taken back the same way they were given."""

from __future__ import annotations

from typing import Any

from litestar import Response

from portal.web.visit import Visit


def keep(answer: Response[Any], visit: Visit, name: str, value: str, max_age: int | None = None) -> None:
    """The browser keeps the cookie: until it is closed, or for `max_age` seconds."""
    answer.set_cookie(
        name, value, path="/", httponly=True, secure=visit.wiring.https, samesite="lax", max_age=max_age
    )


def drop(answer: Response[Any], visit: Visit, name: str) -> None:
    """The browser forgets the cookie; with the same marks, or it would not obey for a `__Host-` name."""
    keep(answer, visit, name, "", max_age=0)
