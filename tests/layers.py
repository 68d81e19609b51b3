"""Municipal rules as text, written by a fictional council: the pieces of a layer for the tests that need one."""

from __future__ import annotations

_HEAD = """language = 2
id = "{name}"
municipality = "{code}"
version = "{version}"
valid_from = {since}
{more}law = "Byrådet"
note.da = "Her er det anderledes."
note.en = "It is different here."
"""
_ROW = """law = "Byrådet"
confidence = "policy"
why.da = "Derfor."
why.en = "Therefore."
"""


def head(
    name: str = "lokal", version: str = "2027-01-01", since: str = "2027-01-01", more: str = "", code: str = "851"
) -> str:  # fmt: skip
    return _HEAD.format(name=name, code=code, version=version, since=since, more=more)


def figure(name: str, value: object, more: str = "") -> str:
    return f'[[figure]]\nname = "{name}"\nvalue = {value}\nlaw = "Byrådet"\nconfidence = "policy"\n{more}'


def row(
    name: str, when: str, then: str = 'then.route = "self_directed_job_search"', *, table: str = "route",
    where: str = 'after = "route.person"',
) -> str:  # fmt: skip
    return f'[[insert]]\ntable = "{table}"\n{where}\n[insert.row]\nid = "{name}"\n{when}\n{then}\n{_ROW}'


def replaced(name: str, when: str, then: str, *, table: str = "route") -> str:
    return (
        f'[[replace]]\ntable = "{table}"\nid = "{name}"\n[replace.row]\nid = "{name}"\n{when}\n{then}\n{_ROW}'
    )
