"""Everything is wired here and nowhere else: settings, store, pages, rooms, guard, headers, worker."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.middleware.compression import CompressionMiddleware
from litestar.static_files import create_static_files_router
from litestar_htmx import HTMXRequest

from portal import settings as configuration
from portal import worker
from portal.citizen.pages import router as citizen
from portal.demo import provider
from portal.employer.pages import router as employer
from portal.letters import sender
from portal.public.pages import router as public
from portal.staff.pages import router as staff
from portal.store import readiness
from portal.store.database import Store, new_id
from portal.store.keys import KeyRing, KeyRingError, open_ring
from portal.text import environment
from portal.web.access import NOWHERE, check_declared, guard
from portal.web.claims import ProvidersError, read_providers
from portal.web.openid import JourneyBox, OpenId
from portal.web.security import HANDLERS, secure
from portal.web.visit import Wiring, provide_visit

STATIC = Path(__file__).parent / "static"
LARGEST_FORM = 64 * 1024


class NotReadyError(Exception):
    """The portal may not serve this database; the message says why, and what to do."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(settings: configuration.Settings, clock: Callable[[], datetime] = utc_now) -> Litestar:
    """The portal, ready to serve. Raises UndeclaredError when a route does not say who may use it."""
    configuration.start_logging(settings.log)
    ring = open_ring(settings.keys_file)
    store = Store(settings.database_url, ring)
    logins, demo_pages = _logins(settings, store, ring, clock)
    static = f"/static/{_fingerprint(STATIC)}"
    wiring = Wiring(
        store=store,
        clock=clock,
        pages=environment(new_id),
        static=static,
        cookie=settings.cookie,
        https=settings.https,
        base_url=settings.base_url,
        hosts=settings.hosts,
        trusted_proxy=settings.trusted_proxy,
        logins=logins,
        journeys=JourneyBox(ring.derived("login")),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        troubles = await readiness.trouble(store, demo=settings.demo)
        if troubles:
            raise NotReadyError("\n".join(troubles))
        stop = asyncio.Event()
        inline = None
        if settings.worker_inline:
            inline = asyncio.create_task(
                worker.run(store, sender(settings), settings.base_url, clock, settings.worker_pause, stop)
            )
        yield
        stop.set()
        if inline is not None:
            await inline
        await store.close()

    app = Litestar(
        route_handlers=[public, citizen, employer, staff, *demo_pages, _static_router(static)],
        guards=[guard],
        dependencies={"visit": Provide(provide_visit)},
        exception_handlers=HANDLERS,
        before_send=[secure],
        request_class=HTMXRequest,
        request_max_body_size=LARGEST_FORM,
        openapi_config=None,
        debug=False,
        logging_config=None,
        lifespan=[lifespan],
    )
    app.state.wiring = wiring
    check_declared(app)
    return app


def _logins(
    settings: configuration.Settings, store: Store, ring: KeyRing, clock: Callable[[], datetime]
) -> tuple[list[OpenId], list[Router]]:
    """The login providers: the file's in production; the demo's own, with its page, in the demo. Never both."""
    back = f"{settings.base_url}/log-ind/svar"
    if not settings.demo:
        return [OpenId(one, back) for one in read_providers(Path(settings.login_file))], []
    embedded = provider.demo_provider(store, ring, settings.base_url, clock)
    logins = [OpenId(one, back, embedded.transport()) for one in provider.providers()]
    return logins, [provider.router(embedded)]


def _static_router(path: str) -> Router:
    """Assets, compressed. Pages are not: they hold a secret beside words from outside, which compression can betray."""
    return create_static_files_router(
        path=path,
        directories=[STATIC],
        opt={"access": NOWHERE},
        middleware=[DefineMiddleware(CompressionMiddleware, config=CompressionConfig(backend="gzip"))],
        cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
    )


@cache
def _fingerprint(folder: Path) -> str:
    """A name that changes when any asset does, so that assets may be cached for ever."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def from_environment() -> Litestar:
    """The app as a server starts it; stops with a clear sentence when the settings will not do."""
    try:
        return create_app(configuration.read(os.environ))
    except (configuration.SettingsError, KeyRingError, ProvidersError) as error:
        sys.exit(str(error))
