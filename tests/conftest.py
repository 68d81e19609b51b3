"""Fixtures: a fresh database of each engine with the cast in it, and the portal before it."""

from __future__ import annotations

import asyncio
import html
import itertools
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from portal import settings as configuration
from portal.app import create_app
from portal.store import schema
from portal.store.database import Store
from tests import cast, page, postgres
from tests.keys import FILE, RING

ENGINES = ("sqlite", "postgresql")
_count = itertools.count()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no worker is left alone with it in the end. The browser's tests come last: their
    driver keeps a loop running, and nothing can await after it in the same process."""
    items.sort(key=lambda item: ("e2e" in item.path.parts, item.get_closest_marker("long") is None))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ENGINES)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of each engine with schema and cast, to be copied for each test."""
    file = tmp_path_factory.mktemp("template") / "cast.db"
    urls = {"sqlite": f"sqlite+aiosqlite:///{file}", "postgresql": make_database()}
    for url in urls.values():
        migrate(url)

        async def fill(address: str = url) -> None:
            store = Store(address, RING)
            await cast.settle(store)
            await store.close()

        asyncio.run(fill())
    return urls


def make_database() -> str:
    """An empty PostgreSQL database of the owner's; gives the address the app uses."""
    postgres.address()  # started before there is a loop
    return asyncio.run(_create_postgres("template1"))


def migrate(url: str) -> None:
    """The newest schema, made by the owner, with the rights the app needs."""
    schema.migrate(owner(url), RING, app_role=postgres.APP if "postgresql" in url else "")


def owner(url: str) -> str:
    """The address of whoever owns the tables."""
    return postgres.as_role(url, postgres.OWNER) if "postgresql" in url else url


def everything(url: str) -> str:
    """The address that sees every row whatever the municipality: to look behind the scenes."""
    return postgres.superuser(url) if "postgresql" in url else url


@asynccontextmanager
async def behind(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection that sees and may do everything, whatever the municipality; what it does is kept."""
    engine = create_async_engine(everything(url), poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def _create_postgres(template: str) -> str:
    name = f"portal_{os.getpid()}_{next(_count)}"
    connection = await asyncpg.connect(f"{postgres.plain(postgres.address())}/postgres")
    await connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}" OWNER {postgres.OWNER}')
    await connection.close()
    return f"{postgres.as_role(postgres.address(), postgres.APP)}/{name}"


async def _drop_postgres(url: str) -> None:
    connection = await asyncpg.connect(f"{postgres.plain(postgres.address())}/postgres")
    await connection.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")
    await connection.close()


@pytest.fixture
async def database(engine: str, templates: dict[str, str], tmp_path: Path) -> AsyncIterator[str]:
    """The address of a database of its own, with the cast in it."""
    if engine == "sqlite":
        source = templates["sqlite"].removeprefix("sqlite+aiosqlite:///")
        shutil.copyfile(source, tmp_path / "test.db")
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    url = await _create_postgres(templates["postgresql"].rsplit("/", 1)[1])
    yield url
    await _drop_postgres(url)


@pytest.fixture
async def postgres_database(templates: dict[str, str]) -> AsyncIterator[str]:
    """A PostgreSQL of its own with the cast in it, for what only PostgreSQL promises."""
    url = await _create_postgres(templates["postgresql"].rsplit("/", 1)[1])
    yield url
    await _drop_postgres(url)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = Store(database, RING)
    yield opened
    await opened.close()


@dataclass
class Portal:
    """The app before a database, with a clock the test sets, and a browser for each person."""

    app: Litestar
    store: Store
    now: datetime = cast.NOW
    database: str = ""
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
        """Somebody logged in the way everybody is: through the provider, with the person chosen there."""
        person = Person(self.browser(), slug)
        door = door or cast.DOORS.get(name, "borger")
        answer = await person.choose(name, f"/{slug}/log-ind/{door}/videre")
        assert answer.status_code == 303, page.text(answer.text)
        return person


@dataclass
class Person:
    """Somebody at a browser: reads pages and fills in the forms on them."""

    browser: httpx.AsyncClient
    slug: str

    async def choose(self, name: str, begin: str) -> httpx.Response:
        """Begins a login and chooses who to be; gives the portal's answer to what the provider said."""
        there = await self.browser.get((await self.browser.get(begin)).headers["location"])
        link = re.search(rf'href="([^"]+)" data-person="{name}"', there.text)
        assert link, page.text(there.text)
        back = await self.browser.get(str(there.url.copy_with(query=None)) + html.unescape(link.group(1)))
        return await self.browser.get(back.headers["location"])

    async def see(self, path: str) -> httpx.Response:
        answer = await self.browser.get(f"/{self.slug}{path}")
        for _ in range(5):
            if answer.status_code != 303:
                break
            answer = await self.browser.get(answer.headers["location"])
        return answer

    async def see_because(self, path: str, purpose: str = "covering") -> httpx.Response:
        """Opens a case that is not one's own: says why, if asked."""
        opened = await self.see(path)
        for found in page.forms(opened.text):
            if "/formaal/" in found.action:
                await self.browser.post(found.action, data={**found.fields, "purpose": purpose})
                return await self.see(path)
        return opened

    async def fill(self, path: str, action_end: str, **values: str) -> httpx.Response:
        """Opens the page, fills in the form there and sends it; the answer is not followed."""
        opened = await self.see(path)
        return await self.send(opened.text, action_end, **values)

    async def send(self, opened: str, action_end: str, **values: str) -> httpx.Response:
        found = page.form(opened, action_end)
        return await self.browser.post(found.action, data={**found.fields, **values})


def test_settings(url: str) -> configuration.Settings:
    return replace(configuration.read({"PORTAL_MODE": "demo"}), database_url=url, keys_file=FILE)


test_settings.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
async def portal(database: str) -> AsyncIterator[Portal]:
    async with opened_portal(database) as opened:
        yield opened


@pytest.fixture
async def postgres_portal(postgres_database: str) -> AsyncIterator[Portal]:
    """The portal on PostgreSQL, for what only PostgreSQL promises."""
    async with opened_portal(postgres_database) as opened:
        yield opened


@asynccontextmanager
async def opened_portal(database: str) -> AsyncIterator[Portal]:
    """The app before that database, closed afterwards."""
    holder: dict[str, Any] = {}
    app = create_app(test_settings(database), clock=lambda: holder["portal"].now)
    opened = holder["portal"] = Portal(app, app.state.wiring.store, database=database)
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
