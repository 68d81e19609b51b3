"""Reading pages as a browser would: the forms on them with what is filled in, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class HtmlForm:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self._inside = False
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        has = {key for key, _ in attrs}
        if tag == "form":
            self.forms.append(HtmlForm(given.get("action", ""), given.get("method", "get")))
            self._inside = True
        if not self._inside or not self.forms:
            return
        form, name = self.forms[-1], given.get("name", "")
        if tag == "input" and name:
            kind = given.get("type", "text")
            if kind in ("radio", "checkbox"):
                form.choices.setdefault(name, []).append(given.get("value", "on"))
                if "checked" in has:
                    form.fields[name] = given.get("value", "on")
            else:
                form.fields[name] = given.get("value", "")
        elif tag == "textarea":
            self._area = name
            form.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in has or self._select not in form.fields:
                form.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1].fields[self._area] += data


def forms(html: str) -> list[HtmlForm]:
    reader = _Forms()
    reader.feed(html)
    return reader.forms


def form(html: str, action_end: str) -> HtmlForm:
    """The form whose address ends so."""
    found = [one for one in forms(html) if one.action.endswith(action_end) and one.method == "post"]
    assert found, f"no form to {action_end}; there are {[one.action for one in forms(html)]}"
    return found[0]


def text(html: str) -> str:
    """What the main part says, tags taken out and white space folded."""
    main = re.search(r"<main.*?</main>", html, re.S)
    bare = re.sub(r"<[^>]+>", " ", main.group() if main else html)
    return re.sub(r"\s+", " ", bare).replace("&#39;", "'").replace("&quot;", '"').strip()
