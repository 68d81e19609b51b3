"""Bodies and headers no page of ours would send."""

from __future__ import annotations

import gzip
import json
from random import Random

from tests.fuzz import values

FORM = b"application/x-www-form-urlencoded"
TYPES = (
    FORM, FORM, FORM, b"application/json", b"text/plain", b"multipart/form-data", b"multipart/form-data; boundary=",
    b"multipart/form-data; boundary=x", b'multipart/form-data; boundary="', b"multipart/form-data; boundary=" + b"y" * 300,
    b"application/x-www-form-urlencoded; charset=utf-16", b"application/x-www-form-urlencoded; charset=nonsense", b"",
    b";", b"/", b"application/msgpack", b"application/xml", b"\xff\xfe", b"multipart/mixed; boundary=x", b"text/html; charset",
)  # fmt: skip
LARGE = (63 * 1024, 64 * 1024, 64 * 1024 + 1, 70_000)


def raw(rng: Random, csrf: str, fields: list[str]) -> tuple[bytes, bytes]:
    """A body and its type. Most begin with the session's own token, so that they get past the first door."""
    start = values.form_encoded([("csrf", csrf), ("key", "k")]) if rng.random() < 0.7 else b""
    kind = rng.choice((_bytes, _cut, _multipart, _multipart, _json, _many, _large, _odd_pairs, _zipped))
    content, kept = kind(rng, start, csrf, fields)
    return content, kept if rng.random() < 0.7 else rng.choice(TYPES)


def _bytes(rng: Random, start: bytes, _csrf: str, _fields: list[str]) -> tuple[bytes, bytes]:
    return start + b"&" + rng.randbytes(rng.randrange(200)), FORM


def _cut(rng: Random, start: bytes, _csrf: str, fields: list[str]) -> tuple[bytes, bytes]:
    whole = start + b"&" + values.form_encoded([(name, values.hostile(rng)) for name in fields])
    return whole[: rng.randrange(len(whole) + 1)] + rng.choice((b"", b"%", b"%4", b"&", b"=", b"&&=&=")), FORM


def _multipart(rng: Random, _start: bytes, csrf: str, fields: list[str]) -> tuple[bytes, bytes]:
    """Parts in order or out of it, files where words belong, boundaries that are never closed."""
    boundary = rng.choice((b"x", b"----WebKitFormBoundary7MA4YWxk", b"a" * 70, b"-", b"b b"))
    parts = [(b'; name="csrf"', csrf.encode())]
    for name in fields[: rng.randrange(5)]:
        extra = rng.choice((b"", b"", b'; filename="x.txt"', b'; filename="..\\..\\x"', b'; filename=""'))
        said = values.hostile(rng).encode("utf-8", "surrogatepass")
        parts.append((b'; name="' + name.encode() + b'"' + extra, said))
    if rng.random() < 0.3:
        parts.append((rng.choice((b"", b"; name=", b'; name="', b"; name*=utf-8''%ff")), rng.randbytes(20)))
    lines = b"".join(
        b"--" + boundary + b"\r\nContent-Disposition: form-data" + head + rng.choice((b"", b"\r\nX: " + b"y" * 900))
        + rng.choice((b"", b"", b"\r\nContent-Type: text/plain; charset=utf-16", b"\r\nContent-Type: /"))
        + rng.choice((b"\r\n\r\n", b"\r\n\r\n", b"\r\n\r\n", b"\n\n", b"\r\n")) + said + b"\r\n"
        for head, said in parts
    )  # fmt: skip
    end = rng.choice(
        (b"--" + boundary + b"--\r\n", b"--" + boundary + b"--\r\n", b"--" + boundary, b"", b"--")
    )
    told = rng.choice((boundary, boundary, boundary, b"other", b'"' + boundary + b'"'))
    return lines + end, b"multipart/form-data; boundary=" + told


def _json(rng: Random, _start: bytes, csrf: str, fields: list[str]) -> tuple[bytes, bytes]:
    content = rng.choice(
        (
            b"[" * 20_000,
            b'{"a":' * 5000 + b"1" + b"}" * 5000,
            json.dumps({"csrf": csrf, **{name: values.hostile(rng) for name in fields}}).encode(),
            json.dumps({"csrf": csrf, **{name: [{}] for name in fields}}).encode(),
            b"null", b"1e999", b'"\\ud800"', b"{", b"", b"NaN", b"1" * 6000,
        )
    )  # fmt: skip
    return content, b"application/json"


def _many(rng: Random, start: bytes, _csrf: str, _fields: list[str]) -> tuple[bytes, bytes]:
    return start + b"&" + b"&".join(b"f%d=%d" % (n, n) for n in range(rng.choice((3, 1001, 5000)))), FORM


def _large(rng: Random, start: bytes, _csrf: str, fields: list[str]) -> tuple[bytes, bytes]:
    name = rng.choice(fields) if fields else "about"
    room = rng.choice(LARGE) - len(start) - len(name) - 2
    return start + b"&" + name.encode() + b"=" + b"a" * room, FORM


def _odd_pairs(rng: Random, start: bytes, _csrf: str, fields: list[str]) -> tuple[bytes, bytes]:
    odd = (
        b"%ED%A0%80",
        b"%00",
        b"%ff%fe",
        b"\xff",
        b"\x00",
        b"%C0%AF",
        b"\xf0\x9f\x98\x80",
        b"+++",
        b"a=b=c",
    )
    name = rng.choice(fields).encode() if fields else b"x"
    pairs = [(name if rng.random() < 0.6 else rng.choice(odd)) + b"=" + rng.choice(odd) for _ in range(3)]
    return start + b"&" + b"&".join(pairs), FORM


def _zipped(rng: Random, start: bytes, _csrf: str, _fields: list[str]) -> tuple[bytes, bytes]:
    return (gzip.compress(start, mtime=0) if rng.random() < 0.7 else start), FORM


HEADERS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"host", (b"evil.example", b"", b"localhost:99999", b"localhost:x", b"[::1]", b"[", b"LOCALHOST", b"127.0.0.1:8000",
               b"localhost@evil.example", b"\xff", b"localhost, evil.example", b"localhost:8000")),
    (b"origin", (b"null", b"https://evil.example", b"http://localhost", b"", b"http://[", b"http://localhost:x", b"\xff")),
    (b"sec-fetch-site", (b"cross-site", b"same-site", b"none", b"same-origin", b"", b"\xff")),
    (b"hx-request", (b"true", b"false", b"\xff")),
    (b"hx-boosted", (b"true", b"x")),
    (b"hx-history-restore-request", (b"true",)),
    (b"hx-current-url", (b"http://[", b"\xff", b"x" * 900)),
    (b"hx-trigger", (b"%ff", b"x")),
    (b"accept-language", (b"en", b"da;q=nan", b"*", b"," * 400, b"\xff", b"en-GB,en;q=0.9")),
    (b"accept", (b"application/json", b"*/*;q=x", b"\xff", b"", b"text/html;q=1e400")),
    (b"if-none-match", (b"*", b'"x"', b"W/", b"\xff")),
    (b"if-modified-since", (b"Thu, 01 Jan 1970 00:00:00 GMT", b"x")),
    (b"range", (b"bytes=0-1", b"bytes=-", b"bytes=9999999999999999999-")),
    (b"x-forwarded-for", (b"10.0.0.1", b"x" * 300, b"::1, \xff", b"0101701234")),
    (b"x-forwarded-host", (b"evil.example",)),
    (b"x-http-method-override", (b"DELETE", b"PUT")),
    (b"content-encoding", (b"gzip", b"br", b"identity", b"x")),
    (b"authorization", (b"Basic x", b"Bearer " + b"a" * 500, b"\xff")),
    (b"referer", (b"https://evil.example/", b"http://[", b"\xff")),
    (b"user-agent", (b"", b"\xff", b"{{1234577*7}}", b"010170-1234")),
    (b"content-length", (b"0", b"1", b"65537", b"99999999999999999999")),
)  # fmt: skip
TARGETS = (
    b"main",
    b"find",
    b"content",
    b"times",
    b"check",
    b"title",
    b"theme",
    b"menu",
    b"language",
    b"\xff",
    b"__class__",
    b"x",
)
COOKIES = (b"lang=en", b"lang=xx", b"lang=\xff", b"portal-login=x", b"portal-login=" + b"A" * 400, b"=", b";;;", b"a", b"portal=x",
           b'portal="', b"portal=" + b"a" * 4000, b"x=\xe6", b"$Version=1", b"portal-login=eyJhIjoxfQ==")  # fmt: skip


def headers(rng: Random, session: bytes) -> list[tuple[bytes, bytes]]:
    """Two requests in three have none of these; the rest have one, sometimes two or three."""
    found: dict[bytes, bytes] = {}
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 1, 2, 3))):
        name, said = rng.choice(HEADERS)
        found[name] = rng.choice(said)
    if rng.random() < 0.08:
        found[b"hx-request"], found[b"hx-target"] = b"true", rng.choice(TARGETS)
    if rng.random() < 0.05:
        found[b"cookie"] = b"; ".join([*([session] if rng.random() < 0.8 else []), rng.choice(COOKIES)])
    return list(found.items())
