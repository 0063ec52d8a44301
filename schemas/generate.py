"""What is generated from the structs: the events' JSON Schemas, the client's types. ``python -m schemas``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from schemas.attention import Attention
from schemas.duplicate import Duplicate
from schemas.enriched import Enriched
from schemas.feed import Subscription
from schemas.feed_state import FeedState
from schemas.feed_status import FeedStatus
from schemas.pipeline import Generation
from schemas.raw import RawItem
from schemas.replay import Replay
from schemas.settled import Settled
from schemas.story import Story
from schemas.suppressed import Suppressed

EVENTS: dict[str, type[Struct]] = {
    "raw": RawItem,
    "enriched": Enriched,
    "duplicate": Duplicate,
    "story": Story,
    "attention": Attention,
    "feed": Subscription,
    "feed-state": FeedState,
    "feed-status": FeedStatus,
    "pipeline": Generation,
    "replay": Replay,
    "settled": Settled,
    "suppressed": Suppressed,
}
"""Name of the document to the struct; news.raw and news.unique hold the same values."""

DIRECTORY = Path(__file__).parent / "json"
EXAMPLES = Path(__file__).parent / "examples"
HISTORY = Path(__file__).parent / "history"
"""By version of geowire the schema and the example of each event, as they were when it was released."""
PUBLISHED = frozenset({"enriched", "duplicate", "story", "feed-status"})
"""Events that others read. Of the others only what was written before must be read: others write them, or nobody."""
CLIENT = Path(__file__).parents[1] / "client" / "geowire" / "events.py"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of an event with its example; unknown fields are allowed: readers ignore them."""
    (reference,), components = msgspec.json.schema_components([EVENTS[name]], ref_template="#/$defs/{name}")
    definitions = dict(sorted(components.items()))
    main = definitions.pop(str(reference["$ref"]).rsplit("/", 1)[1])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:geowire:schema:{name}:v1",
        **main,
        "examples": [orjson.loads((EXAMPLES / f"{name}.json").read_bytes())],
        **({"$defs": definitions} if definitions else {}),
    }


def documents() -> Iterator[tuple[Path, bytes]]:
    """Yield every generated file and its content."""
    for name in EVENTS:
        content = orjson.dumps(schema(name), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        yield DIRECTORY / f"{name}.schema.json", content
    from schemas.client_types import source

    yield CLIENT, source().encode()


def write() -> None:
    """Write all files."""
    DIRECTORY.mkdir(exist_ok=True)
    for path, content in documents():
        path.write_bytes(content)


def stale() -> list[Path]:
    """Return the files that are not what the structs say."""
    return [path for path, content in documents() if not path.exists() or path.read_bytes() != content]


def keep(version: str) -> None:
    """Keep the schemas and examples as those of a version: what comes later is held against them."""
    directory = HISTORY / version
    directory.mkdir(parents=True, exist_ok=True)
    for name in EVENTS:
        (directory / f"{name}.schema.json").write_bytes((DIRECTORY / f"{name}.schema.json").read_bytes())
        (directory / f"{name}.example.json").write_bytes((EXAMPLES / f"{name}.json").read_bytes())
