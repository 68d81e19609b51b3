"""Words as they are compared: folded, in clauses, numbered. "Vvs'er" and "VVS er" become alike, and so do æ, ae and ä."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LETTERS = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e", "è": "e", "ü": "u", "’": "'", "`": "'"}
)
ENGLISH = frozenset({"shoe", "shoes", "does", "goes", "toe"})  # which have no ø in them
_TOKEN = re.compile(r"[a-z0-9][a-z0-9'./+-]*[a-z0-9+]|[a-z0-9]|[.,;:!?\n()]")
_HALF = re.compile(r"(?<=\d),(?=5\b)")  # "2,5 år"
_ENDS = re.compile(r"[.!?\n]")
# A full stop that ends no sentence: "7. klasse", "pr. 31", "ca. 3"; but "..., 34. Jeg får" ends one.
_ABBREVIATED = re.compile(
    r"(\b(?:ca|pr|d|kl|nr|mdr|f\.eks|bl\.a|pga|evt|inkl|stk|afd|m)"
    r"|\b\d{1,2}(?=\.\s+(?:klasse|kl\b|g\b|aar|semester|gang|etage|sal\b|maaned|uge|dag|hovedforloeb|grundforloeb|grad"
    r"|jan|feb|mar|apr|maj|jun|jul|aug|sep|okt|nov|dec)))\.\s+(?=[a-z0-9])"
)


def fold(text: str) -> str:
    """Lower case, æøå written out, and punctuation gone."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower().translate(LETTERS)).strip()


def flat(folded: str) -> str:
    """As people write who have no æ, ø and å at hand: "kontanthjalp" and "kontanthjaelp" become alike."""
    if folded in ENGLISH:
        return folded
    return folded.replace("ae", "a").replace("oe", "o").replace("aa", "a")


@dataclass(frozen=True)
class Word:
    """One word, folded; `clause` and `sentence` count up through the text."""

    text: str
    clause: int
    sentence: int


@dataclass(frozen=True)
class Words:
    """A text as words. `clauses` holds the positions of each clause's words."""

    words: tuple[Word, ...]
    clauses: tuple[tuple[int, ...], ...] = field(default=())

    def between(self, start: int, end: int) -> str:
        return " ".join(word.text for word in self.words[start:end])

    def clause_of(self, at: int) -> tuple[int, ...]:
        return self.clauses[self.words[at].clause]


def words_of(text: str, breaks: frozenset[str]) -> Words:
    """The text in words; clauses end at punctuation and before the words in `breaks` ("men", "but"). A comma ends none
    inside "hverken ... eller"."""
    found: list[Word] = []
    clause = sentence = 0
    neither = fresh = False
    written = _HALF.sub(".", text.lower().translate(LETTERS))
    written = re.sub(r"(?<=\d) ?½", ".5", written).replace("½", " 0.5")
    for raw in _TOKEN.findall(_ABBREVIATED.sub(r"\1 ", written)):
        if not raw[0].isalnum():
            if _ENDS.fullmatch(raw):
                sentence, neither = sentence + (not fresh), False
            if not fresh and not neither:
                clause, fresh = clause + 1, True
            continue
        for part in _parts(raw):
            if part in breaks and not fresh and not neither:
                clause += 1
            neither = neither or part in ("hverken", "neither")
            found.append(Word(part, clause, sentence))
            fresh = False
    positions: list[list[int]] = [[] for _ in range(clause + 1)]
    for at, word in enumerate(found):
        positions[word.clause].append(at)
    return Words(tuple(found), tuple(tuple(one) for one in positions))


def _parts(raw: str) -> list[str]:
    """A dotted or hyphened word in its parts, but for dates and figures; "cand.merc." is "cand" and "merc"."""
    if re.fullmatch(r"\d+([./-]\d+)+", raw) or re.fullmatch(r"\d+", raw):
        return [raw]
    return [part for part in re.split(r"[^a-z0-9']+", raw.replace("'", "")) if part]
