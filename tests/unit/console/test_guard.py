"""Who gets in: nobody beyond loopback without a token, no other site, nothing that acts without the word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from schemas.errors import ConfigError
from streams.console import guard, pages
from streams.settings import Settings

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def console(**settings: Any) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[guard.explained, guard.guarded])
    app[guard.GUARD] = guard.Guard(Settings(**settings))
    app.add_routes(pages.routes)

    async def act(_: web.Request) -> web.Response:
        return web.json_response({"done": True})

    app.router.add_post("/act", act)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "console.example"])
def test_beyond_loopback_a_token_is_needed(host: str) -> None:
    with pytest.raises(ConfigError, match="GEOWIRE_CONSOLE_TOKEN"):
        guard.Guard(Settings(console_host=host))
    guard.Guard(Settings(console_host=host, console_token="secret"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_none_is(host: str) -> None:
    guard.Guard(Settings(console_host=host))


async def test_another_host_that_points_here_is_refused() -> None:
    async with console() as client:
        for host in ("evil.example", "evil.example:8642", "127.0.0.1.evil.example", "[::2]:80"):
            assert (await client.get("/", headers={"Host": host})).status == 421
        for host in ("localhost:1", "127.0.0.1", "[::1]:8642", "LOCALHOST"):
            assert (await client.get("/", headers={"Host": host})).status == 200


async def test_every_answer_tells_browsers_what_to_keep_to() -> None:
    async with console() as client:
        for path in ("/", "/static/index.html", "/api/session", "/nowhere", "/login"):
            headers = (await client.get(path)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "http" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] in {"no-store", "no-cache"}
            assert "Access-Control-Allow-Origin" not in headers


async def test_what_acts_needs_the_word() -> None:
    async with console() as client:
        assert (await client.post("/act")).status == 403
        assert (await client.post("/act", headers={guard.WORD_HEADER: "guess"})).status == 403
        word = (await (await client.get("/api/session")).json())["word"]
        assert (await client.post("/act", headers={guard.WORD_HEADER: word})).status == 200


async def test_with_a_token_nothing_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_WRONG_SECONDS", 0.0)
    async with console(console_host="192.0.2.1", console_token="secret") as client:
        refused = await client.get("/api/session")
        assert refused.status == 401
        assert refused.content_type == "application/problem+json"
        assert (await client.get("/api/session", headers={"Authorization": "Bearer wrong"})).status == 401
        assert (await client.get("/api/session?token=wrong")).status == 401
        assert (await client.get("/api/session", headers={"Authorization": "Bearer secret"})).status == 200
        assert (await client.get("/api/session?token=secret")).status == 200
        assert (await client.get("/api/session", cookies={guard.COOKIE: "secret"})).status == 401


async def test_a_browser_is_asked_for_the_token_and_remembers() -> None:
    async with console(console_token="secret") as client:
        asked = await client.get("/?topic=diplomacy", headers={"Accept": "text/html"}, allow_redirects=False)
        assert asked.status == 303
        assert asked.headers["Location"] == "/login?to=/?topic%3Ddiplomacy"
        wrong = await client.post("/login", data={"token": "guess"}, allow_redirects=False)
        assert wrong.headers["Location"] == "/login?to=/#wrong"
        let_in = await client.post(asked.headers["Location"], data={"token": "secret"}, allow_redirects=False)
        assert let_in.headers["Location"] == "/?topic=diplomacy"
        cookie = let_in.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "secret" not in cookie
        client.session.cookie_jar.update_cookies(let_in.cookies, client.make_url("/"))
        assert (await client.get("/api/session")).status == 200


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "evil"])
async def test_a_login_leads_nowhere_else(to: str) -> None:
    async with console(console_token="secret") as client:
        answer = await client.post("/login", params={"to": to}, data={"token": "secret"}, allow_redirects=False)
        assert answer.headers["Location"] == "/"


async def test_a_token_in_the_address_is_taken_out_of_it() -> None:
    async with console(console_token="secret") as client:
        answer = await client.get("/?token=secret", headers={"Accept": "text/html"}, allow_redirects=False)
        assert answer.headers["Location"] == "/"
        assert "Set-Cookie" in answer.headers
