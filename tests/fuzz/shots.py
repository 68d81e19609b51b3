"""What is asked next: a route, an identity, and what is wrong with it. All of it follows from the seed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from urllib.parse import parse_qsl

from tests.fuzz import bodies, oracle, values
from tests.fuzz.world import Known, Visitor, World
from tests.http.situation import Cell

PORTAL = Path(__file__).parent.parent.parent / "portal"
METHODS = ("PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "FOO")
LESS = {
    "anonymous": 1,
    "ended": 1,
    "dan": 2,
    "neighbour": 2,
    "anders": 3,
}  # how often they come; the others 4
MADE = ("key", "version", "action")  # what the page itself puts into a form
FORM = (b"content-type", bodies.FORM)


@cache
def query_names() -> list[str]:
    """The names the portal reads from addresses, found in its code."""
    found = set()
    for file in sorted(PORTAL.rglob("*.py")):
        found |= set(re.findall(r'(?:query|query_params|asked|answer)\.get\("(\w+)"', file.read_text()))
    return sorted(found | {"person", "person_id", "_method", "code", "iss"})


@dataclass
class Shot:
    """One request, ready to be sent; `kind` says how it was made."""

    kind: str
    name: str
    method: str
    address: str
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""

    def __str__(self) -> str:
        said = " ".join(f"{key.decode('latin-1')}={value[:80]!r}" for key, value in self.headers)
        body = f" body={self.content[:600]!r} ({len(self.content)} bytes)" if self.content else ""
        return f"{self.name} {self.method} {self.address[:400]} [{said}]{body}"


class Planner:
    """Chooses shots. First everybody looks at every page of theirs, so that there are real forms to spoil."""

    def __init__(self, world: World, rng: Random) -> None:
        self.world = world
        self.rng = rng
        self.seen: deque[str] = deque(maxlen=40)
        self.next: deque[Callable[[], Shot]] = deque()
        self.names = query_names()
        self.fields: dict[str, list[str]] = {}
        for cell in world.cells:
            for name in world.people:
                everybodys = cell.access.roles is None and name != "anonymous"
                if cell.method == "GET" and not everybodys and self._may(name, cell, "silkeborg"):
                    self.next.append(self._look(name, cell))
        for name, path in (("dan", "/aarhus/borger"), ("neighbour", "/aarhus/medarbejder/tavle")):
            self.next.append(self._look(name, Cell(path, "GET", world.cells[0].access, "")))

    def _may(self, name: str, cell: Cell, slug: str) -> bool:
        return oracle.may_use(cell.access, cell.template, name, slug)

    def _look(self, name: str, cell: Cell) -> Callable[[], Shot]:
        return lambda: Shot("look", name, "GET", cell.path)

    def shot(self) -> Shot:
        if self.next:
            return self.next.popleft()()
        names = [name for name in self.world.people for _ in range(LESS.get(name, 4))]
        visitor = self.world.people[self.rng.choice(names)]
        kinds = (
            self._get,
            self._form,
            self._others_form,
            self._blind,
            self._raw,
            self._method,
            self._again,
            self._static,
        )
        return self.rng.choices(kinds, weights=(24, 50, 7, 3, 8, 3, 4, 1))[0](visitor)

    # ------------------------------------------------------------------ addresses

    def _path(self, cell: Cell, visitor: Visitor) -> str:
        """The cell's address: the real object, somebody else's, or none of this world."""
        if self.rng.random() < 0.5:
            return cell.path
        path = cell.template
        for name in re.findall(r"\{(\w+)\}", cell.template):
            path = path.replace("{" + name + "}", self._part(name, visitor), 1)
        end = self.rng.choice(("",) * 12 + ("/", "//", "/x", ";x", "%00", ".html"))
        return path + end

    def _part(self, name: str, visitor: Visitor) -> str:
        known = self.world.objects
        if name == "slug":
            other = self.rng.choice(("aarhus", "silkeborg", "Silkeborg", "ukendt", values.segment(self.rng)))
            return other if self.rng.random() < 0.1 else visitor.slug
        kind = self.rng.random()
        if kind < 0.45 and name in known:
            return known[name]
        if kind < 0.6:
            return self.rng.choice(list(known.values()))
        return values.segment(self.rng) or "x"

    def _query(self) -> str:
        pairs = []
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            name = self.rng.choice(self.names) if self.rng.random() < 0.85 else values.segment(self.rng)
            known = self.rng.choice((*values.WORDS, *values.PEOPLE)) if self.rng.random() < 0.4 else None
            pairs.append(f"{name}={known or values.segment(self.rng)}")
        return "?" + self.rng.choice(("&", "&", "&", ";", "&&")).join(pairs)

    def _headers(self, visitor: Visitor) -> list[tuple[bytes, bytes]]:
        return bodies.headers(self.rng, b"portal=" + visitor.session.encode())

    def _cell(self, method: str) -> Cell:
        return self.rng.choice([cell for cell in self.world.cells if cell.method == method])

    # ------------------------------------------------------------------ kinds of shots

    def _get(self, visitor: Visitor) -> Shot:
        cell = self._cell("GET")
        if self.rng.random() < 0.5:
            allowed = [one for one in self.world.cells if one.method == "GET" and one.access.roles is not None
                       and self._may(visitor.name, one, visitor.slug)]  # fmt: skip
            cell = self.rng.choice(allowed) if allowed else cell
        path = self._path(cell, visitor)
        query = self._query() if self.rng.random() < 0.45 else ""
        return Shot("get", visitor.name, "GET", path + query, self._headers(visitor))

    def _form(self, visitor: Visitor) -> Shot:
        """A form of theirs, seen a moment ago or just now, with none to three fields spoilt."""
        if not visitor.forms:
            return self._blind(visitor)
        route = self.rng.choice(list(visitor.forms))
        action = self.rng.choice(list(visitor.forms[route]))
        known = visitor.forms[route][action]
        if self.rng.random() < 0.35:
            self.next.append(lambda: self._filled(visitor.name, visitor.forms[route].get(action, known)))
            return Shot("look", visitor.name, "GET", known.seen_at)
        return self._filled(visitor.name, known)

    def _others_form(self, visitor: Visitor) -> Shot:
        """A form only somebody else was shown, sent with one's own token."""
        other = self.world.people[self.rng.choice(list(self.world.people))]
        if not other.forms:
            return self._blind(visitor)
        route = self.rng.choice(list(other.forms))
        return self._filled(visitor.name, self.rng.choice(list(other.forms[route].values())))

    def _filled(self, name: str, known: Known) -> Shot:
        visitor = self.world.people[name]
        form, rng = known.form, self.rng
        data = dict(form.fields)
        for field_name, choices in form.choices.items():
            if field_name not in data or rng.random() < 0.5:
                data[field_name] = rng.choice(choices)
        if known.buttons and rng.random() < 0.8:
            data.update([rng.choice(known.buttons)])
        self.fields[form.action] = [one for one in data if one not in ("csrf", "key")]
        for field_name, value in data.items():
            if value == "" and rng.random() < 0.6:
                data[field_name] = rng.choice(
                    (*values.WORDS, "Jeg vil tale om det", "12345678", "1", "2026-12-01")
                )
        fields = [one for one in data if one != "csrf"]
        written = [one for one in fields if one not in form.choices and one not in MADE]
        if written and rng.random() < 0.75:
            fields = written
        for field_name in rng.sample(fields, min(len(fields), rng.choice((0, 0, 1, 1, 2, 3)))):
            data[field_name] = values.mutated(rng, data[field_name], form.choices.get(field_name, []))
        data["csrf"] = visitor.csrf
        if form.method.lower() == "get":
            query = values.form_encoded(list(data.items())).decode()
            return Shot(
                "form", name, "GET", f"{form.action or known.seen_at}?{query}", self._headers(visitor)
            )
        content = values.form_encoded(self._spoilt(list(data.items())))
        return Shot("form", name, "POST", form.action, [FORM, *self._headers(visitor)], content)

    def _spoilt(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Now and then a field too many, twice, or not at all."""
        kind = self.rng.random()
        if kind < 0.05:
            pairs.append(
                (
                    self.rng.choice((values.hostile(self.rng)[:50], "role", "municipality")),
                    values.hostile(self.rng),
                )
            )
        elif kind < 0.09 and pairs:
            pairs.append(self.rng.choice(pairs))
        elif kind < 0.15 and pairs:
            pairs.pop(self.rng.randrange(len(pairs)))
        return pairs

    def _blind(self, visitor: Visitor) -> Shot:
        """A form nobody was shown: the token, and fields of anybody's."""
        cell = self._cell("POST")
        names = self.rng.choice([*self.fields.values(), ["version", "words", "action"], ["logout_token"]])
        pairs = [("csrf", visitor.csrf), ("key", "k"), *((name, values.hostile(self.rng)) for name in names)]
        path = self._path(cell, visitor)
        return Shot(
            "blind", visitor.name, "POST", path, [FORM, *self._headers(visitor)], values.form_encoded(pairs)
        )

    def _raw(self, visitor: Visitor) -> Shot:
        """Bytes that are no form at all, to a route that reads one."""
        actions = [action for known in visitor.forms.values() for action in known]
        mine = bool(actions) and self.rng.random() < 0.7
        path = self.rng.choice(actions) if mine else self._path(self._cell("POST"), visitor)
        content, kept = bodies.raw(self.rng, visitor.csrf, self.fields.get(path, ["about", "words"]))
        headers = [(b"content-type", kept), *self._headers(visitor)]
        return Shot("raw", visitor.name, "POST", path, headers, content)

    def _method(self, visitor: Visitor) -> Shot:
        cell = self.rng.choice(self.world.cells)
        path = self._path(cell, visitor)
        return Shot("method", visitor.name, self.rng.choice(METHODS), path, self._headers(visitor))

    def _again(self, visitor: Visitor) -> Shot:
        """An address the portal has sent somebody to, with one thing in it changed or none: logins on their way too."""
        if not self.seen or self.rng.random() < 0.2:
            door = self.rng.choice(("borger", "virksomhed", "medarbejder"))
            return Shot("again", visitor.name, "GET", f"/{visitor.slug}/log-ind/{door}/videre")
        path, _, query = self.rng.choice(list(self.seen)).partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        if path.endswith("/vaelg") and self.rng.random() < 0.5:
            pairs.append(("person", self.rng.choice(values.PEOPLE)))
        if pairs and self.rng.random() < 0.6:
            at = self.rng.randrange(len(pairs))
            pairs[at] = (pairs[at][0], values.mutated(self.rng, pairs[at][1], list(values.PEOPLE)))
        address = path + ("?" + values.form_encoded(pairs).decode() if pairs else "")
        return Shot("again", visitor.name, "GET", address, self._headers(visitor))

    def _static(self, visitor: Visitor) -> Shot:
        path = f"{self.world.portal.app.state.wiring.static}/{values.segment(self.rng)}"
        return Shot("static", visitor.name, "GET", path, self._headers(visitor))
