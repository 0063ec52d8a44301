"""The AsyncAPI 3 document, from the stream table, the structs and their examples: ``python -m streams.asyncapi``."""

from __future__ import annotations

import sys
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from schemas import envelope
from schemas.generate import EVENTS
from streams.settings import Settings
from streams.table import DEAD_LETTER, DUPLICATES, ENRICHED, FEED_STATUS, RAW, STORIES, STREAMS, UNIQUE, Stream

_REF = "#/components/schemas/{name}"
_OPERATIONS = (
    ("publish-events", "send", ENRICHED, "geowire publishes what it decided; this is what consumers read"),
    ("tell-stories", "send", STORIES, "geowire says which items are copies of one report"),
    ("note-duplicates", "send", DUPLICATES, "geowire notes what was not passed on"),
    ("lay-aside", "send", DEAD_LETTER, "geowire lays aside what cannot be processed"),
    ("report-on-feeds", "send", FEED_STATUS, "geowire says what an operator should know of a feed"),
    ("take-items", "receive", RAW, "geowire takes raw items, of its own pollers and of any other producer"),
)
_TYPES = {
    RAW.name: envelope.RAW_TYPE,
    UNIQUE.name: envelope.UNIQUE_TYPE,
    ENRICHED.name: envelope.ENRICHED_TYPE,
    DUPLICATES.name: envelope.DUPLICATE_TYPE,
    STORIES.name: envelope.STORY_TYPE,
    FEED_STATUS.name: envelope.FEED_STATUS_TYPE,
}
_FILTERS = {
    "ce_geo": "true, false or unknown: whether it is geopolitical",
    "ce_topics": "topics, comma-separated, the primary one first",
    "ce_countries": "countries it is about, comma-separated",
    "ce_lang": "language of the text",
    "ce_reason": "as `reason` in the value",
    "ce_generation": "as `generation` in the value; with `ce_time` it orders the versions of an item",
}


def document() -> dict[str, Any]:
    """Return the document."""
    structs = {stream.value: name for name, stream in _named().items() if stream.value is not None}
    _, schemas = msgspec.json.schema_components(list(structs), ref_template=_REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "geowire",
            "version": version("geowire"),
            "description": (
                "News feeds in, enriched geopolitical events out, on Kafka. A consumer's whole rule: per `item_id` "
                "keep the greatest (`fetched`, `generation`); the same `id` again is a repetition. In front of each "
                "address stands the installation's namespace and a dot, where it has one."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(name, stream) for name, stream in _named().items()},
        "operations": {
            name: {
                "action": action,
                "channel": {"$ref": f"#/channels/{_id(stream)}"},
                "summary": summary,
                "messages": [{"$ref": f"#/channels/{_id(stream)}/messages/{_id(stream)}"}],
            }
            for name, action, stream, summary in _OPERATIONS
        },
        "components": {
            "messages": {name: _message(name, stream) for name, stream in _named().items()},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def encoded() -> bytes:
    """Return the document as it is committed."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def shipped() -> dict[str, Any]:
    """Return the committed document."""
    found: dict[str, Any] = orjson.loads(files("schemas").joinpath("asyncapi.json").read_bytes())
    return found


def _id(stream: Stream) -> str:
    return stream.name.replace(".", "-")


def _named() -> dict[str, Stream]:
    return {_id(stream): stream for stream in STREAMS}


def _channel(name: str, stream: Stream) -> dict[str, Any]:
    settings = Settings()
    config = stream.config(settings)
    return {
        "address": stream.name,
        "summary": stream.doc,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {
            "kafka": {
                "topic": stream.name,
                "partitions": stream.partitions(settings),
                "topicConfiguration": {
                    "cleanup.policy": config["cleanup.policy"].split(","),
                    **({"retention.ms": int(config["retention.ms"])} if "retention.ms" in config else {}),
                    "max.message.bytes": stream.max_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(name: str, stream: Stream) -> dict[str, Any]:
    message: dict[str, Any] = {
        "name": name,
        "summary": stream.doc,
        "bindings": {
            "kafka": {"key": {"type": "string", "description": stream.key}, "bindingVersion": "0.5.0"},
        },
    }
    if stream.name in _TYPES:
        message["headers"] = _headers(stream)
    if stream.value is None:
        return {**message, "contentType": "application/octet-stream"}
    return {
        **message,
        "payload": {"$ref": _REF.format(name=stream.value.__name__)},
        "examples": [{"name": "example", "payload": _example(stream.value)}],
    }


def _headers(stream: Stream) -> dict[str, Any]:
    said = {
        "ce_specversion": "1.0: CloudEvents, binary mode",
        "ce_type": "kind and version of the event",
        "ce_id": "id of the event: the same event has it again",
        "ce_source": "/feeds/<id of the feed>; of stories /cluster",
        "ce_subject": "item id; of stories the story",
        "ce_time": "when the item was fetched",
        "content-type": "application/json",
        "traceparent": "W3C trace context, the same trace through every hop",
        **({} if stream is RAW else {"origin": "partition:offset in news.raw that it was made from"}),
        **(_FILTERS if stream is ENRICHED else {}),
        **({"ce_sequence": "of two records of a story the one with the greater counts"} if stream is STORIES else {}),
    }
    fields: dict[str, dict[str, Any]] = {name: {"type": "string", "description": text} for name, text in said.items()}
    fields["ce_type"]["const"] = _TYPES[stream.name]
    return {"type": "object", "properties": fields}


def _example(struct: type[Struct]) -> Any:
    (name,) = (name for name, event in EVENTS.items() if event is struct)
    return orjson.loads(files("schemas").joinpath(f"examples/{name}.json").read_bytes())


if __name__ == "__main__":
    sys.stdout.buffer.write(encoded())
