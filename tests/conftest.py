"""Fixtures: a fresh database of each engine with the cast in it, and the portal before it."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar

from portal import settings as configuration
from portal.app import create_app
from portal.store import schema
from portal.store.database import Store
from tests import cast, page, postgres

ENGINES = ("sqlite", "postgresql")
_count = itertools.count()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ENGINES)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of each engine with schema and cast, to be copied for each test."""
    file = tmp_path_factory.mktemp("template") / "cast.db"
    urls = {"sqlite": f"sqlite+aiosqlite:///{file}", "postgresql": f"{postgres.address()}/{_make_database()}"}
    for url in urls.values():
        schema.migrate(url)

        async def fill(address: str = url) -> None:
            store = Store(address)
            await cast.settle(store)
            await store.close()

        asyncio.run(fill())
    return urls


def _make_database(template: str = "template1") -> str:
    name = f"portal_{os.getpid()}_{next(_count)}"

    async def make() -> None:
        connection = await asyncpg.connect(f"{_plain(postgres.address())}/postgres")
        await connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        await connection.close()

    asyncio.run(make())
    return name


async def _copy_postgres(template: str) -> str:
    name = f"portal_{os.getpid()}_{next(_count)}"
    connection = await asyncpg.connect(f"{_plain(postgres.address())}/postgres")
    await connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template.rsplit("/", 1)[1]}"')
    await connection.close()
    return f"{postgres.address()}/{name}"


async def _drop_postgres(url: str) -> None:
    connection = await asyncpg.connect(f"{_plain(postgres.address())}/postgres")
    await connection.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")
    await connection.close()


def _plain(url: str) -> str:
    return url.replace("+asyncpg", "")


@pytest.fixture
async def database(engine: str, templates: dict[str, str], tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database of its own, with the cast in it."""
    if engine == "sqlite":
        source = templates["sqlite"].removeprefix("sqlite+aiosqlite:///")
        shutil.copyfile(source, tmp_path / "test.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    url = await _copy_postgres(templates["postgresql"])
    yield url
    await _drop_postgres(url)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = Store(database)
    yield opened
    await opened.close()


@dataclass
class Portal:
    """The app before a database, with a clock the test sets, and a browser for each person."""

    app: Litestar
    store: Store
    now: datetime = cast.NOW
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        opened = httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"sec-fetch-site": "same-origin"}
        )
        self.browsers.append(opened)
        return opened

    async def log_in(self, name: str, slug: str = "silkeborg", door: str = "") -> Person:
        person = Person(self.browser(), slug)
        door = door or cast.DOORS.get(name, "borger")
        answer = await person.browser.post(
            f"/{slug}/log-ind/{door}", data={"person": name, "back": "", "csrf": "", "key": "k"}
        )
        assert answer.status_code == 303, page.text(answer.text)
        return person


@dataclass
class Person:
    """Somebody at a browser: reads pages and fills in the forms on them."""

    browser: httpx.AsyncClient
    slug: str

    async def see(self, path: str) -> httpx.Response:
        answer = await self.browser.get(f"/{self.slug}{path}")
        for _ in range(5):
            if answer.status_code != 303:
                break
            answer = await self.browser.get(answer.headers["location"])
        return answer

    async def fill(self, path: str, action_end: str, **values: str) -> httpx.Response:
        """Opens the page, fills in the form there and sends it; the answer is not followed."""
        opened = await self.see(path)
        return await self.send(opened.text, action_end, **values)

    async def send(self, html: str, action_end: str, **values: str) -> httpx.Response:
        found = page.form(html, action_end)
        return await self.browser.post(found.action, data={**found.fields, **values})


def test_settings(url: str) -> configuration.Settings:
    return replace(configuration.read({"PORTAL_MODE": "demo"}), database_url=url)


test_settings.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
async def portal(database: str) -> AsyncIterator[Portal]:
    holder: dict[str, Any] = {}
    app = create_app(test_settings(database), clock=lambda: holder["portal"].now)
    opened = holder["portal"] = Portal(app, app.state.wiring.store)
    yield opened
    for browser in opened.browsers:
        await browser.aclose()
    await opened.store.close()


@pytest.fixture(scope="session")
def shared() -> Iterator[Path]:
    """The folder of public data beside the project; tests that need it are left out where it is not."""
    folder = Path(os.environ.get("PORTAL_SHARED", Path(__file__).parent.parent.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("left out: the shared public data is not here")
    return folder
