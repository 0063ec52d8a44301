"""Replays: what was replayed, by whom, with what, and what became of it. One record each, kept for ever."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.fields import Timestamp

ReplaySource = Literal["unique", "raw"]
ReplayState = Literal["running", "finished", "promoting", "promoted", "aborted"]
Offsets = Annotated[dict[str, int], Meta(description="offset by partition")]


class Scope(Struct, frozen=True, kw_only=True):
    """Which outputs are written; empty: all of a kind."""

    feeds: Annotated[tuple[str, ...], Meta(description="feed ids")] = ()
    keys: Annotated[tuple[str, ...], Meta(description="item ids")] = ()
    languages: Annotated[tuple[str, ...], Meta(description="language codes of the new decision")] = ()


class Promotion(Struct, frozen=True, kw_only=True):
    """How a replay became live."""

    generation: Annotated[int, Meta(description="the generation its decisions are published as")]
    valid_from: Annotated[Offsets, Meta(description="offsets of news.unique at which live went over to it")]
    started: Timestamp
    finished: Timestamp | None = None
    published: Annotated[dict[str, int], Meta(description="events put onto news.enriched, by reason")] = {}


class Replay(Struct, frozen=True, kw_only=True):
    """One replay: the value on ``replays``, keyed by id."""

    id: str
    state: ReplayState
    source: Annotated[ReplaySource, Meta(description="the stream that was read: news.unique or news.raw")]
    created: Timestamp
    by: Annotated[str, Meta(description="user and host that began it")]
    note: Annotated[str | None, Meta(description="why, in the operator's words")] = None
    version: Annotated[str, Meta(description="version of geowire that decides")]
    knowledge: Annotated[str, Meta(description="hash over all knowledge files it decides with")]
    text: Literal["full", "excerpt", "none"] = "full"
    dedupe_days: Annotated[int | None, Meta(description="days an item is remembered; only from raw")] = None
    since: Annotated[Timestamp | None, Meta(description="the range that was asked for, where it was by time")] = None
    until: Timestamp | None = None
    warm: Annotated[Offsets | None, Meta(description="from raw: where state begins, outputs suppressed")] = None
    start: Annotated[Offsets, Meta(description="offsets of the source from which on outputs are written")]
    end: Annotated[Offsets, Meta(description="behind the last offsets")]
    open_end: Annotated[bool, Meta(description="the end was not asked for: a promotion goes on to where live stopped")]
    scope: Scope = Scope()
    finished: Timestamp | None = None
    written: Annotated[dict[str, int], Meta(description="records written, by stream")] = {}
    promotion: Promotion | None = None
    ended: Annotated[Timestamp | None, Meta(description="when it was promoted or aborted, and its streams deleted")] = (
        None
    )
