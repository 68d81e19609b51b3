"""Hostile strings by name, the forms they are sent in, and the oracle that looks for anything that became more than
text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlencode

import httpx
from litestar import Litestar

from tests import page

MARK = "zq9"  # in every string that could become markup, and nowhere in the portal
SUM = "{0}49{0}|{0}7777777".format(MARK)  # noqa: UP032 the sum of a template that was run

STRINGS: dict[str, str | bytes] = {
    # markup
    "script": f"<script>window.__pwned='{MARK}'</script>",
    "script, mixed case": f"<ScRiPt {MARK}>window.__pwned=1</sCrIpT >",
    "script, split by NUL-like": f"<scr\x00ipt>{MARK}</scr\x00ipt>",
    "script, unclosed": f"<script src=//{MARK}.example/x.js",
    "script, nested": f"<scr<script>ipt>window.__pwned=1;//{MARK}</scr</script>ipt>",
    "img": f"<img src=x onerror=window.__pwned='{MARK}'>",
    "img without spaces": f"<img/src=x/onerror=window.__pwned=1/{MARK}>",
    "img with back quotes": f"<img src=`x` onerror=`window.__pwned=1` {MARK}>",
    "svg": f"<svg/onload=window.__pwned=1 {MARK}>",
    "svg animate": f"<svg><animate onbegin=window.__pwned=1 attributeName=x dur=1s {MARK}>",
    "math": f"<math><mtext><table><mglyph><style><img src=x onerror=window.__pwned=1 {MARK}>",
    "iframe": f"<iframe srcdoc='<script>parent.__pwned=1</script>' {MARK}></iframe>",
    "object": f"<object data='data:text/html,<script>1</script>' {MARK}></object>",
    "details": f"<details open ontoggle=window.__pwned=1 {MARK}>",
    "meta refresh": f"<meta http-equiv=refresh content='0;url=//{MARK}.example'>",
    "base": f"<base href=//{MARK}.example/>",
    "form": f"</form><form action=//{MARK}.example method=post><input name=csrf>",
    "style": f"<style>@import '//{MARK}.example/x.css';</style>",
    "inline style": f"<p style='background:url(//{MARK}.example)'>{MARK}</p>",
    "link": f"<a href='javascript:window.__pwned=1' {MARK}>x</a>",
    "htmx": f"<div hx-get='//{MARK}.example' hx-trigger=load hx-on:load='window.__pwned=1'>x</div>",
    "out of band": f"<div id=main-content hx-swap-oob=true data-{MARK}>x</div>",
    "comment": f"<!-- {MARK} --!><img src=x onerror=window.__pwned=1>",
    "cdata": f"<![CDATA[<script>window.__pwned='{MARK}'</script>]]>",
    "processing instruction": f"<?{MARK} <script>window.__pwned=1</script>?>",
    # out of where it stands
    "out of an attribute": f'" autofocus onfocus=window.__pwned=1 {MARK}="',
    "out of an attribute, single": f"' onmouseover='window.__pwned=1' {MARK}='",
    "out of a tag": f"'><b {MARK}>x",
    "out of a tag, double": f'"><script>window.__pwned=1</script><b {MARK}="',
    "out of a textarea": f"</textarea><script>window.__pwned='{MARK}'</script>",
    "out of a title": f"</title><script>window.__pwned='{MARK}'</script>",
    "out of an option": f"</option></select><img src=x onerror=window.__pwned=1 {MARK}>",
    "out of a script": f"</script><script>window.__pwned='{MARK}'</script>",
    "out of main": f"</main></body></html><script>window.__pwned='{MARK}'</script>",
    "entities": f"&lt;script&gt;window.__pwned='{MARK}'&lt;/script&gt;",
    "entities, numeric": f"&#60;img src=x onerror=window.__pwned=1 {MARK}&#62;",
    "escapes": f"\\u003cscript\\u003e\\x3cscript {MARK}\\x3e%3Cscript%3E",
    "full width": f"＜script＞window.__pwned='{MARK}'＜/script＞",
    "seven bits": f"+ADw-script+AD4-window.__pwned='{MARK}'+ADw-/script+AD4-",
    # addresses
    "javascript address": f"javascript:window.__pwned='{MARK}'",
    "javascript address, split": f"java\tscript:window.__pwned='{MARK}'//",
    "javascript address, encoded": f"&#106;avascript:window.__pwned='{MARK}'",
    "data address": f"data:text/html,<script>window.__pwned='{MARK}'</script>",
    "another site": f"//{MARK}.example/%2f..",
    "another site, back slash": f"/\\{MARK}.example",
    # templates, formats, expressions
    "jinja": f"{MARK}{{{{7*7}}}}{MARK}",
    "jinja, string": f"{MARK}{{{{'7'*7}}}}",
    "jinja, objects": f"{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}{MARK}",
    "jinja, statement": f"{{% for x in [1] %}}{MARK}{{{{49}}}}{MARK}{{% endfor %}}",
    "dollar": f"{MARK}${{7*7}}{MARK}",
    "hash": f"{MARK}#{{7*7}}{MARK}",
    "erb": f"{MARK}<%= 7*7 %>{MARK}",
    "log4j": f"${{jndi:ldap://{MARK}.example/a}}",
    "percent format": f"%s%s%n%x%(name)s%(who)s%{MARK}",
    "brace format": f"{{0}}{{}}{{visit.csrf}}{{0.__class__}}{MARK}",
    "cell formula": f"=cmd|' /C calc'!A0 {MARK}",
    "cell formula, at": f"@SUM(1+1)*cmd|' /C calc'!A0 {MARK}",
    # headers, shells, files, databases
    "new header": f"x\r\nX-Injected: {MARK}\r\nSet-Cookie: {MARK}=1",
    "new answer": f"x\r\n\r\nHTTP/1.1 200 OK\r\nX-Injected: {MARK}\r\n\r\n<script>1</script>",
    "new header, wide": f"x\u560d\u560aX-Injected: {MARK}",
    "shell": f"; cat /etc/passwd | `id` $(id) && {MARK}",
    "path": f"../../../../../../etc/passwd{MARK}",
    "path, encoded": f"..%2f..%2f..%5c..%c0%af{MARK}",
    "sql or": f"' OR '1'='1' -- {MARK}",
    "sql drop": f"'); DROP TABLE citizen; -- {MARK}",
    "sql union": f'" UNION SELECT NULL, version() -- {MARK}',
    "sql quotes": f"\\'; SELECT pg_sleep(9); $$ {MARK} $$",
    "like": "%",
    "like, more": f"_%\\%[a-z]{MARK}%",
    "json": f'{{"{MARK}": [1, {{"__proto__": null}}]}}',
    "yaml": f"!!python/object/apply:os.system ['echo {MARK}']",
    "xxe": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x {MARK}>&e;</x>',
    "ldap": f"*)(uid=*))(|(uid={MARK}*",
    # letters
    "NUL": f"a\x00{MARK}",
    "control characters": f"\x01\x07\x08\x0b\x0c\x1b[31m{MARK}\x7f\x85\u2028\u2029",
    "lone surrogate": b"a\xed\xa0\x80zq9",
    "surrogate pair in bytes": b"\xed\xa0\xbd\xed\xb8\x80zq9",
    "overlong": b"\xc0\xbcscript\xc0\xbezq9",
    "half a letter": b"zq9\xe2\x82",
    "not UTF-8": b"\xff\xfe\x00<\x00zq9",
    "Latin 1": b"bl\xe5b\xe6rgr\xf8d zq9",
    "right to left": f"\u202e{MARK}gpj.exe\u2066\u2069\u200f",
    "nothing visible": "\u200b\u200c\u200d\u2060\ufeff\u00ad",
    "combining": "Z" + "\u0300\u0336\u0489" * 60 + MARK,
    "emoji": f"👩🏽‍👩🏽‍👧🏽‍👦🏽🇩🇰🏴\U000e0067\U000e0062{MARK}",
    "beyond the plane": f"\U0001d4ab\U00020000\U0010fffd{MARK}",
    "decomposed": f"A\u030aA\u00c5\u212b ﬁ ſ ß İ ı {MARK}",
    "normalises to markup": f"﹤img src=x onerror=1﹥\u226e\u226f\u2039{MARK}",
    "only spaces": "\u00a0\u3000\t\n ",
    "too long": MARK + "x" * 3998,
    "too long, wide": "𝕏" * 4001,
    "many lines": "\n" * 3000 + MARK,
    # numbers, days, yes and no
    "nan": "nan",
    "infinity": "-inf",
    "huge": "1e309",
    "many digits": "9" * 400,
    "full width digits": "９９",
    "other digits": "٣٢",
    "minus": "-1",
    "hexadecimal": "0x1f",
    "underscored": "1_000",
    "superscript": "²",
    "no day": "0000-00-00",
    "no such day": "31-02-2026",
    "a day too far": "9999-12-31",
    "a day after the last": "31-12-10000",
    "week date": "2026-W47-1",
    "null": "null",
    "true": "true",
    "list": "[]",
}
NASTIEST = [
    name for name, said in STRINGS.items() if isinstance(said, str) and MARK in said and "\x00" not in said
]

# In a browser: tells of every breach of the content security policy and of every script that ran.
SINK = """
  document.addEventListener('securitypolicyviolation', event =>
    window.__report(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
  Object.defineProperty(window, '__pwned', {set: value => window.__report('it ran: ' + value)});
"""


def packs(longest: int) -> list[str]:
    """Every nasty string, as many together as a field takes."""
    found = [""]
    for name in NASTIEST:
        said = str(STRINGS[name])
        if len(said) > longest:
            continue
        if len(found[-1]) + 2 * len(said) + 2 > longest:  # line ends count twice on their way
            found.append("")
        found[-1] += said + "\n"
    return found


_TAGS = """a article aside body br button dd details div dl dt fieldset footer form h1 h2 h3 head header html input
 label legend li link main meta nav noscript ol option p pre script section select span strong summary table tbody td
 textarea th thead title tr ul"""
_ATTRIBUTES = """action aria-atomic aria-current aria-describedby aria-hidden aria-invalid aria-label aria-labelledby
 aria-live autocomplete charset checked class colspan content data-ends data-focus data-focus-swap data-label data-live
 data-now data-stay defer for hidden href hreflang hx-get hx-include hx-post hx-push-url hx-swap hx-target hx-trigger id
 inputmode lang maxlength method name novalidate open rel role rows scope selected src tabindex type value"""
TAGS, ATTRIBUTES = frozenset(_TAGS.split()), frozenset(_ATTRIBUTES.split())  # what the templates are made of
ADDRESSES = frozenset({"href", "src", "action", "hx-get", "hx-post"})
OURS = re.compile(r"/(?![/\\])|[?#]|tel:\+?[0-9 ]+$|mailto:[^\s]+$")
SECRET = re.compile(r"\b[0-9a-f]{32,64}\b")  # keys and tokens: other ones on every page
MAY_SAY = frozenset({"value", "href", "id", "for"})  # attributes that may hold what was typed, as text


class _Reader(HTMLParser):
    """Everything on a page that no template of the portal writes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.said = False
        self.scripts = 0
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag not in TAGS:
            self.found.append(f"an element: <{tag}>")
        for name, value in attrs:
            self._attribute(tag, name, value or "")
        if tag == "script":
            self.scripts += 1
            if dict(attrs).keys() != {"src", "defer"}:
                self.found.append(f"a script: {attrs}")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in ATTRIBUTES:
            self.found.append(f"an attribute: <{tag} {name}={value[:60]!r}>")
        if name in ADDRESSES and value and not OURS.match(value):
            self.found.append(f"an address: <{tag} {name}={value[:60]!r}>")
        if MARK in value:
            self.said = True
            if name not in MAY_SAY:
                self.found.append(f"in an attribute: <{tag} {name}={value[:60]!r}>")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag not in TAGS:
            self.found.append(f"an end: </{tag}>")

    def handle_data(self, data: str) -> None:
        self.said = self.said or MARK in data
        if self._inside in ("script", "style") and data.strip():
            self.found.append(f"in <{self._inside}>: {data[:60]!r}")

    def handle_comment(self, data: str) -> None:
        self.found.append(f"a comment: {data[:60]!r}")

    def handle_decl(self, decl: str) -> None:
        if decl != "DOCTYPE html":
            self.found.append(f"a declaration: {decl[:60]!r}")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"an instruction: {data[:60]!r}")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"a section: {data[:60]!r}")


@lru_cache(maxsize=100_000)
def _read(part: str) -> tuple[tuple[str, ...], bool, int]:
    reader = _Reader()
    reader.feed(part)
    reader.close()
    return tuple(reader.found), reader.said, reader.scripts


def on_the_page(html: str) -> tuple[list[str], bool]:
    """What became more than text on a page, and whether the page says anything of a hostile string at all.

    Read in parts, each beginning with an element on a line of its own, so that what every page has is read once."""
    found, said, scripts = [], False, 0
    for part in re.split(r"\n(?=<)", SECRET.sub("", html)):
        more, says, count = _read(part)
        found += more
        said, scripts = said or says, scripts + count
    if scripts > 2:
        found.append(f"{scripts} scripts")
    ran = re.search(SUM, html)
    if ran or "root:x:0:" in html or "<class 'object'>" in html:
        found.append(f"something was run: {ran.group() if ran else 'it tells of the machine'}")
    return found, said


def in_the_headers(headers: Iterable[tuple[str, str]]) -> list[str]:
    """What a string put into the headers of an answer: names of its own, new lines, other places to go."""
    found = []
    for name, value in headers:
        if name.lower() == "x-injected" or re.search(r"[\r\n\x00]", value):
            found.append(f"a header: {name}: {value[:60]!r}")
        if MARK in value and name.lower() != "location":
            found.append(f"in a header: {name}: {value[:60]!r}")
        if name.lower() in ("location", "hx-redirect", "hx-location") and not re.match(r"/(?![/\\])", value):
            found.append(f"another place: {name}: {value[:60]!r}")
    return found


def encoded(fields: dict[str, str | bytes]) -> bytes:
    """A form as a browser would send it; bytes go as they are, whatever they mean."""
    return urlencode(fields).encode("ascii")


# ------------------------------------------------------------------ forms and those who send them

PREFERRED = ("book", "send", "next")


@dataclass
class Found:
    """A form as somebody has it before them: what it would send, and every name it could send."""

    who: str
    action: str
    method: str
    fields: dict[str, str | bytes]
    names: list[str]

    @property
    def kind(self) -> str:
        return "/".join("x" if len(part) == 32 else part for part in self.action.split("/"))


class _FormReader(page._Forms):
    """Also the buttons that say something, and which choices are check boxes, free to be left alone."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        given = {key: value or "" for key, value in attrs}
        if tag == "button" and given.get("name") and self._inside:
            self.forms[-1].choices.setdefault(given["name"], []).append(given.get("value", ""))
        if given.get("type") == "checkbox":
            self.boxes.add(given.get("name", ""))


def forms_on(who: str, path: str, html: str, known: dict[str, str]) -> Iterator[Found]:
    """The forms of a page, filled in as somebody would who makes no mistake."""
    reader = _FormReader()
    reader.feed(html)
    for form in reader.forms:
        fields: dict[str, str | bytes] = dict(form.fields)
        for name, choices in form.choices.items():
            if not fields.get(name) and name not in reader.boxes:
                wishes = [*PREFERRED, known.get(name, ""), *choices]
                fields[name] = next((wish for wish in wishes if wish and wish in choices), choices[0])
        for name in form.fields:
            fields[name] = fields[name] or known.get(name, "")
        names = [name for name in {**fields, **form.choices} if name != "csrf"]
        yield Found(who, form.action or path, form.method, fields, names)


@dataclass
class Hand:
    """Somebody whose session stays the same one, whatever answers say; asks the app without a client between."""

    app: Litestar
    cookie: str

    async def ask(self, path: str, fields: dict[str, str | bytes], method: str = "get") -> httpx.Response:
        body = encoded(fields)
        headers = {"host": "localhost", "cookie": f"portal={self.cookie}", "sec-fetch-site": "same-origin"}
        if method == "post":
            headers |= {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method.upper(), "scheme": "http",
            "path": unquote(path), "raw_path": path.encode(), "root_path": "", "client": ("127.0.0.1", 1),
            "query_string": body if method == "get" else b"", "server": ("localhost", 80),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body if method == "post" else b"", "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)  # type: ignore[arg-type]
        content = b"".join(message.get("body", b"") for message in said[1:])
        return httpx.Response(said[0]["status"], headers=said[0]["headers"], content=content)
