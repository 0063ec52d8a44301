"""The console as an aiohttp application: rules for every request, and the routes of each of its parts.

A part is a module with ``routes``; what has to live as long as the application is a context in ``CONTEXTS``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from aiohttp import web

from streams.console import contract, event, events, feeds, feeds_out, live, pages, pipe, world
from streams.console.guard import GUARD, Guard, explained, guarded
from streams.console.state import SETTINGS
from streams.settings import Settings

ROUTES: tuple[web.RouteTableDef, ...] = (
    pages.routes,
    live.routes,
    event.routes,
    feeds.routes,
    pipe.routes,
    world.routes,
    events.routes,
    feeds_out.routes,
    contract.routes,
)
CONTEXTS: tuple[Callable[[web.Application], AsyncIterator[None]], ...] = (
    live.context,
    feeds.context,
    pipe.context,
    world.context,
    feeds_out.context,
)


def make_app(settings: Settings) -> web.Application:
    """Return the application.

    Raises:
        ConfigError: It may not listen where it is told to.
    """
    app = web.Application(middlewares=[explained, guarded])
    app[SETTINGS] = settings
    app[GUARD] = Guard(settings)
    app[live.LIVE] = live.Live()
    app[feeds.OVERVIEW] = feeds.Overview()
    app[world.WORLD] = world.World()
    app[pipe.PIPE] = pipe.Pipe(settings)
    app[events.READERS] = set()
    app[feeds_out.FEEDS] = feeds_out.Feeds()
    for routes in ROUTES:
        app.add_routes(routes)
    app.cleanup_ctx.extend(CONTEXTS)
    return app
