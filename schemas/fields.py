"""Field types shared by the events."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Timestamp = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="RFC 3339, UTC, milliseconds; as text it sorts by time",
        examples=["2026-02-18T09:30:00.000Z"],
    ),
]
ItemId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="the Kafka key and the join key: UUIDv5 of the canonical URL; without one, of (feed, guid); "
        "without that, of the content hash",
        examples=["b7a5c0f4-6f0c-5d9e-9f35-0f6f3f1f2c11"],
    ),
]
ContentHash = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        description="BLAKE2b-128 in hex of title and text without markup, blocks that are all link, and white space",
    ),
]
Origin = Annotated[
    str,
    Meta(
        pattern=r"^\d+:\d+$",
        description="partition:offset in news.raw; a header on everything derived from that record",
        examples=["3:1742"],
    ),
]
Iso639 = Annotated[str, Meta(max_length=35, description="BCP 47 language tag", examples=["en", "pt-BR", "zh-Hant"])]
CountryCode = Annotated[
    str, Meta(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2, besides EU and XK", examples=["CN"])
]
Probability = Annotated[
    float,
    Meta(
        ge=0.0,
        le=1.0,
        description="probability that a reader who follows the annotation guide agrees; null where not calibrated",
    ),
]
CodePoint = Annotated[int, Meta(ge=0, description="offset in Unicode code points, not bytes or UTF-16 units")]
