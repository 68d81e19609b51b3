"""What the fuzzer writes into fields, addresses, headers and bodies: everything people and machines get wrong."""

from __future__ import annotations

from random import Random
from urllib.parse import quote, quote_from_bytes, quote_plus

# Shaped as CPR numbers. The first is nobody's; none belongs to the cast. Wherever one is seen that should not be, it
# came from the fuzzer's own forms.
NUMBERS = ("0101701234", "010170-1234", "3112991111", "311299-1111", "120489 1234", "2902001234")
MARK = "<x-fuzz>"  # never stands in a page as it is: that would be somebody else's HTML
SUM = "{{1234577*7}}"  # never becomes 8642039: that would be somebody else's template
SUMMED = "8642039"

TEXTS = (
    "", " ", "\t", "\n", "\r\n", "a", "ja", "nej", "1", "on", "true", "null", "None", "undefined", "[]", "{}",
    "Jeg vil gerne tale om job", "Ærøskøbing på Å", "b\u0301e\u0301", "ﬁ", "ẞ", "İı", "\u0000x", "a\u0000",
    "\ud800", "x\udfff", "\ufeff", "\u200b", "\u202eomvendt", "שלום", "مرحبا", "😀", "👩‍👩‍👧‍👦", "🇩🇰" * 9, "漢字",
    "\u0085", "\u2028", "\x1b[31m", "\x7f", "\x08",
    "' OR 1=1 --", "'; DROP TABLE citizen; --", '" OR ""="', "%' ESCAPE '\\", "%", "_", "\\", "%%%s%n",
    f"{MARK}", f'"{MARK}', f"'{MARK}", f"</title>{MARK}", f"</textarea>{MARK}", f"--{MARK}", "<script>alert(1)</script>",
    '" onmouseover="alert(1)', "javascript:alert(1)", "data:text/html,x", "&lt;x&gt;", "&#x3c;", "<![CDATA[", "<!--",
    SUM, "${1234577*7}", "{% raise %}", "{{ visit.csrf }}", "%(name)s", "{0.__class__}", "#{7*7}",
    "x\r\nSet-Cookie: fuzz=1", "x\r\n\r\nfuzz", "%0d%0aSet-Cookie:%20fuzz=1", "BEGIN:VCALENDAR\r\nEND:VEVENT",
    "//evil.example", "https://evil.example/", "/\\evil.example", "/silkeborg//evil.example", "../../etc/passwd", "..",
    ".", "...", "/", "\\\\host\\share", "file:///etc/passwd", "C:\\x", "CON", "=1+1", "@SUM(A1)", "-2+3",
)  # fmt: skip
FIGURES = (
    "0", "-0", "-1", "1.5", "1,5", "1e400", "-1e400", "1e-400", "nan", "NaN", "inf", "-inf", "Infinity", "１２", "٣",
    "²", "½", "0x10", "1_000", "1.000", " 7 ", "+7", "007", "999", "1000000", "999999999", "9" * 10, "2147483648",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "9" * 40, "9" * 400, "0" * 50 + "1", "1" + "0" * 309,
)  # fmt: skip
DATES = (
    "2026-11-24", "2026-12-24", "24-11-2026", "1/12 2026", "1.12.2026", "31-12-9999", "9999-12-31", "0001-01-01",
    "01-01-0001", "0000-00-00", "2026-02-30", "29-02-2027", "2026-W48", "2026-W48-1", "20261124", "1-1-1", "12-2026", "32-13-2026",
    "2026-11-24T10:00", "2026-11-24T10:00:00Z", "-2026-1-1", "１２-12-2026", "1-1-99999", "2028-11-24", "1900-01-01",
)  # fmt: skip
LONG = ("a" * 81, "a" * 1001, "å" * 4001, "a b " * 5000, "\n" * 3000, "<" * 5000, "😀" * 3000, "9" * 5000)
PEOPLE = ("amina", "birger", "bo", "lise", "clara", "tove", "anders", "ada", "dan", "ukendt")
WORDS = (
    "book", "send", "edit", "next", "back", "none", "again", "json", "phone", "in_person", "video", "da", "en", "open",
    "done", "all", "waiting", "borger", "virksomhed", "medarbejder", "silkeborg", "aarhus", "portal", "granted", "refused",
    "covering", "placement", "subsidy", "recruit", "caseworker", "team_lead", "yes", "no", "dagpenge", "virksomhedsteam",
    "modtagelse", "log-ud", "gemt", "booket", "http://localhost:8000/log-ind/svar", "/silkeborg/borger",
)  # fmt: skip
RAW_SEGMENTS = (
    "%00", "%0a", "%0d%0aX:%20y", "%ff", "%c3%28", "%ED%A0%80", "%F4%90%80%80", "%2e%2e", "%2e%2e%2f%2e%2e", "%2f", "%5c", "%25",
    "%", "%zz", "%u0041", "..", ".", "...", ";x=1", "a;b", "a,b", "~", "%F0%9F%98%80", "%E2%80%AE", "+", "*", "'", "(", ":",
    "@", "%3Cx-fuzz%3E", "%7B%7B1234577*7%7D%7D", "-1", "0", "9" * 25, "9" * 5000, "18446744073709551616", "nan", "1e400",
    "a" * 300, "0" * 32, "f" * 32, "F" * 32,
)  # fmt: skip


def number(rng: Random) -> str:
    return rng.choice(NUMBERS)


def hostile(rng: Random) -> str:
    """Anything a field might be given; one in seven holds a number no page may let out."""
    if rng.random() < 0.14:
        return rng.choice(("", "Mit nummer er ", "x ")) + number(rng)
    return rng.choice(rng.choice((TEXTS, TEXTS, FIGURES, DATES, WORDS, PEOPLE, LONG)))


def mutated(rng: Random, value: str, others: list[str]) -> str:
    """The value, made a little or quite another."""
    kind = rng.randrange(8)
    if kind == 0 and others:
        return rng.choice(others)
    if kind == 1 and value:
        at = rng.randrange(len(value))
        return value[:at] + rng.choice(TEXTS) + value[at + 1 :]
    if kind == 2:
        return value[: rng.randrange(len(value) + 1)]
    if kind == 3:
        return value * rng.choice((2, 3, 50))
    if kind == 4:
        return value.swapcase()
    return hostile(rng)


def segment(rng: Random) -> str:
    """A part of a path, as it stands on the wire."""
    if rng.random() < 0.5:
        return rng.choice(RAW_SEGMENTS)
    if rng.random() < 0.15:
        return quote_from_bytes(rng.randbytes(rng.randrange(1, 40)), safe="")
    return quote(hostile(rng)[:2000], safe="", errors="surrogatepass")


def form_encoded(pairs: list[tuple[str, str]]) -> bytes:
    """As a browser sends a form; half characters as they are."""
    return "&".join(
        f"{quote_plus(name, errors='surrogatepass')}={quote_plus(value, errors='surrogatepass')}"
        for name, value in pairs
    ).encode()


def carried(text: str) -> set[str]:
    """Which of the numbers stand in a text, whatever way they are written."""
    bare = text.replace("-", "").replace("%20", "").replace("+", "").replace(" ", "").replace("%2D", "")
    return {
        bare_number for each in NUMBERS if (bare_number := each.replace("-", "").replace(" ", "")) in bare
    }
