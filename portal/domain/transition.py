"""State machines as data: what may be done from which states, by whom, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.domain.errors import RefusedError
from portal.domain.people import Role


@dataclass(frozen=True)
class Transition:
    """`target` None means that the state stays as it is."""

    name: str
    sources: frozenset[str]
    target: str | None
    roles: frozenset[Role]

    @classmethod
    def of(cls, name: str, sources: tuple[str, ...], target: str | None, *roles: Role) -> Transition:
        return cls(name, frozenset(sources), target, frozenset(roles))


def table(*transitions: Transition) -> Mapping[str, Transition]:
    return {transition.name: transition for transition in transitions}


def after(transitions: Mapping[str, Transition], name: str, state: str, role: Role) -> str:
    """The state after `name`; RefusedError("transition.role") or ("transition.state") when it may not happen."""
    transition = transitions[name]
    if role not in transition.roles:
        raise RefusedError("transition.role", transition=name, role=role.value)
    if state not in transition.sources:
        raise RefusedError("transition.state", transition=name, state=state)
    return transition.target or state


def allowed(transitions: Mapping[str, Transition], state: str, role: Role) -> frozenset[str]:
    """The names of what `role` may do in `state`: what a page offers."""
    return frozenset(t.name for t in transitions.values() if role in t.roles and state in t.sources)
