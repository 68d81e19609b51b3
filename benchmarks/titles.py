"""Which occupation is meant: ours beside the usual ways, over the same 30,000 titles and the same queries, in one run.

The titles are ours, those of the official lists where the shared public data is at hand, and their plurals up to 30,000.
Nobody who works on the vocabulary wrote the queries. Everybody gets the titles as they are written; ours folds for itself.
PostgreSQL's pg_trgm needs an installed PostgreSQL that has it; where there is none, that is said.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

import asyncpg
import tantivy
from rapidfuzz import fuzz, process, utils

from portal.imports import occupations
from portal.triage.understanding import understand, work
from tests import postgres
from tests.unit.triage.utterances.score import TUNING, UNREAD, read

HERE = Path(__file__).parent.parent
DAY = date(2026, 11, 25)
TITLES, MOST, ROUNDS = 30_000, 20, 3
OFFICIAL = ("disco08_dst.csv", "esco_occupations_da_1.0.8.csv")
Find = Callable[[str], Sequence[str]]  # a query in, codes out, best first


def main() -> None:
    queries = read(HERE / "tests/unit/triage/utterances/queries.jsonl")
    titles = _titles()
    ways: dict[str, Find] = {
        "ours": _ours(titles),
        "rapidfuzz WRatio": _rapidfuzz(titles, fuzz.WRatio),
        "rapidfuzz ratio": _rapidfuzz(titles, fuzz.ratio),
        "SQLite FTS5 trigram": _fts5(titles),
        "tantivy n-grams": _tantivy(titles),
    }
    loop = asyncio.new_event_loop()
    try:
        ways["PostgreSQL pg_trgm"] = _pg_trgm(loop, titles)
    except (postgres.NoPostgresError, asyncpg.PostgresError) as error:
        print(f"pg_trgm is left out: {error}")
    print(f"\n{len(queries)} queries over {len(titles)} titles (which occupation is meant)")
    found = {name: _measure(find, queries) for name, find in ways.items()}
    rival = found.get("PostgreSQL pg_trgm")
    for name, (first, five, p50, p95) in found.items():
        against = (
            f", {rival[2] / p50:.1f} x the speed of pg_trgm, {1 - (1 - first) / (1 - rival[0]):.0%} fewer errors"
            if rival and name == "ours"
            else ""
        )
        print(
            f"  {name:<20} right first {first:.3f}, among five {five:.3f}, p50 {p50 * 1000:.2f} ms, p95 {p95 * 1000:.2f} ms{against}"
        )
    _open_messages()


def _titles() -> list[tuple[str, str]]:
    listed = list(work._all())
    folder = Path(os.environ.get("PORTAL_SHARED", HERE.parent / "shared")) / "data" / "occupations"
    for name in OFFICIAL:
        if (folder / name).is_file():
            names, faults = occupations.read((folder / name).read_bytes(), work.occupations())
            assert names is not None, faults
            listed += names.names
        else:
            print(f"{name} is not at hand: fewer official titles, more plurals")
    seen: dict[str, str] = {}
    for ending in ("", "e", "r", "er", "en", "ne"):
        for title, code in listed:
            if len(seen) == TITLES:
                break
            seen.setdefault(title + ending, code)
    return list(seen.items())


def _distinct(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))[:5]


def _ours(titles: list[tuple[str, str]]) -> Find:
    index = work.with_official(titles)
    return lambda query: [one.code for one in index.best(query)]


def _rapidfuzz(titles: list[tuple[str, str]], scorer: Callable[..., float]) -> Find:
    names = [utils.default_process(title) for title, _ in titles]
    codes = [code for _, code in titles]

    def find(query: str) -> list[str]:
        near = process.extract(utils.default_process(query), names, scorer=scorer, processor=None, limit=MOST)
        return _distinct(codes[at] for _, _, at in near)

    return find


def _grams(query: str) -> list[str]:
    text = "".join(one if one.isalnum() else " " for one in query.lower())
    return list(dict.fromkeys(text[at : at + 3] for at in range(len(text) - 2)))


def _fts5(titles: list[tuple[str, str]]) -> Find:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE t USING fts5(title, code UNINDEXED, tokenize='trigram')")
    database.executemany("INSERT INTO t VALUES (?, ?)", titles)

    def find(query: str) -> list[str]:
        wanted = " OR ".join(f'"{gram}"' for gram in _grams(query))
        if not wanted:
            return []
        rows = database.execute("SELECT code FROM t WHERE t MATCH ? ORDER BY rank LIMIT ?", (wanted, MOST))
        return _distinct(row[0] for row in rows)

    return find


def _tantivy(titles: list[tuple[str, str]]) -> Find:
    schema = (
        tantivy.SchemaBuilder()
        .add_text_field("title", tokenizer_name="grams")
        .add_text_field("code", stored=True, tokenizer_name="raw")
        .build()
    )
    index = tantivy.Index(schema)
    analyzer = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(2, 3, False))
        .filter(tantivy.Filter.lowercase())
        .build()
    )
    index.register_tokenizer("grams", analyzer)
    writer = index.writer()
    for title, code in titles:
        writer.add_document(tantivy.Document(title=title, code=code))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def find(query: str) -> list[str]:
        terms = [
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "title", gram))
            for gram in dict.fromkeys(analyzer.analyze(query))
        ]
        hits = searcher.search(tantivy.Query.boolean_query(terms), MOST).hits if terms else []
        return _distinct(searcher.doc(address)["code"][0] for _, address in hits)

    return find


def _pg_trgm(loop: asyncio.AbstractEventLoop, titles: list[tuple[str, str]]) -> Find:
    """As its manual says: a GiST index, and the nearest by distance."""
    base = postgres.plain(postgres.address())

    async def prepare() -> asyncpg.Connection:
        owner = await asyncpg.connect(f"{base}/postgres")
        name = f"titles_{os.getpid()}"
        await owner.execute(f"CREATE DATABASE {name}")
        await owner.close()
        connection = await asyncpg.connect(f"{base}/{name}")
        await connection.execute("CREATE EXTENSION pg_trgm; CREATE TABLE t (title text, code text)")
        await connection.copy_records_to_table("t", records=titles)
        await connection.execute("CREATE INDEX ON t USING gist (title gist_trgm_ops); ANALYZE t")
        return connection

    connection = loop.run_until_complete(prepare())
    statement = loop.run_until_complete(
        connection.prepare("SELECT code FROM t ORDER BY title <-> $1 LIMIT 20")
    )

    def find(query: str) -> list[str]:
        return _distinct(row[0] for row in loop.run_until_complete(statement.fetch(query)))

    return find


def _measure(find: Find, queries: Sequence[dict[str, object]]) -> tuple[float, float, float, float]:
    """Right first, right among five, and the median and the 95th hundredth of the time a query takes, in seconds."""
    first = five = 0
    taken: list[float] = []
    for rounds in range(ROUNDS):
        for query in random.sample(list(queries), len(queries)):
            began = time.perf_counter()
            codes = find(str(query["text"]))
            taken.append(time.perf_counter() - began)
            if rounds == 0:
                right = list(query["codes"])  # type: ignore[call-overload]
                first += bool(codes) and codes[0] in right
                five += bool(set(codes) & set(right))
    return (
        first / len(queries),
        five / len(queries),
        statistics.median(taken),
        statistics.quantiles(taken, n=20)[-1],
    )


def _open_messages() -> None:
    texts = [
        (one["text"], one["lang"])
        for file in (TUNING, UNREAD[0])
        for one in read(file)
        if one["question"] == "open"
    ]
    understand("open", "varm op", "da", DAY)
    taken = []
    for text, lang in texts * ROUNDS:
        began = time.perf_counter()
        understand("open", text, lang, DAY)
        taken.append(time.perf_counter() - began)
    p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    print(f"  a whole open message ({len(texts)} of them): p50 {p50 * 1000:.2f} ms, p95 {p95 * 1000:.2f} ms")


if __name__ == "__main__":
    main()
