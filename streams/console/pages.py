"""The page, its files, and the page that asks for the token."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from schemas.errors import ConfigError
from streams.console.guard import GUARD

routes = web.RouteTableDef()

STATIC = Path(str(resources.files("streams.console").joinpath("static")))

routes.static("/static", STATIC)


@routes.get("/{view:(|world|feeds|pipe)}")
async def page(request: web.Request) -> web.StreamResponse:
    """Serve the page; the token in its address is taken out of it, and remembered by the browser."""
    if token := request.query.get("token"):
        answer = web.HTTPSeeOther("/")
        if request.app[GUARD].is_token(token):
            request.app[GUARD].admit(answer, secure=request.secure)
        raise answer
    return web.FileResponse(STATIC / "index.html")


@routes.get("/login")
async def login_page(_: web.Request) -> web.StreamResponse:
    """Serve the page that asks for the token."""
    return web.FileResponse(STATIC / "login.html")


@routes.post("/login")
async def login(request: web.Request) -> web.StreamResponse:
    """Take the token, and go where one wanted to go."""
    form = await request.post()
    given, to = str(form.get("token", "")), request.query.get("to", "/")
    if not request.app[GUARD].is_token(given):
        raise web.HTTPSeeOther(f"/login?{urlencode({'to': to})}#wrong")
    # Only within the console: `//other.example` would be another site.
    answer = web.HTTPSeeOther(to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/")
    request.app[GUARD].admit(answer, secure=request.secure)
    raise answer


@routes.get("/api/session")
async def session(request: web.Request) -> web.StreamResponse:
    """Give the word that whatever changes something must carry."""
    return web.json_response({"word": request.app[GUARD].word})


def check_assets() -> None:
    """Refuse to start without the page's files, as in a wheel that was built without them.

    Raises:
        ConfigError: They are not there.
    """
    if not (STATIC / "index.html").is_file():
        raise ConfigError("the console's files are missing from this installation: install geowire again")
