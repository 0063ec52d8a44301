"""What all parts of the console share."""

from __future__ import annotations

from aiohttp import web

from streams.settings import Settings

SETTINGS = web.AppKey("settings", Settings)
