"""What can go wrong when something is asked of the domain: four kinds, each with a code and facts.

Words and HTTP status are made of these in `web` only.
"""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """`code` names what happened (dotted, stable); `facts` are what a sentence about it needs."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class NotFoundError(DomainError):
    """It is not there, or it is not yours: nobody is told which."""


class RefusedError(DomainError):
    """The rules or the state of the case do not allow it."""


class ConflictError(DomainError):
    """Someone else was first; the facts say who and when."""


class InvalidError(DomainError):
    """What was given cannot be read as what it should be."""
