"""What forbids taking a page's text."""

from __future__ import annotations

import json

import pytest

from streams.polling.pages.rights import of_headers, of_meta, of_site, parse_tdmrep


@pytest.mark.parametrize(
    ("written", "forbidden"),
    [
        ("", False),
        ("index, follow", False),
        ("noindex", True),
        ("NoIndex, nofollow", True),
        ("none", True),
        ("noai, noimageai", True),
        ("noarchive", True),
        ("nosnippet", True),
        ("max-snippet:-1, max-image-preview:large", False),
        ("unavailable_after: 25 Jun 2030 15:00:00 GMT", False),
        ("googlebot: noindex", False),
        ("googlebot: noindex, noarchive", False),
        ("geowire: noindex", True),
        ("googlebot: noindex\nnoai", True),
        ("noimageindex", False),
    ],
)
def test_x_robots_tag(written: str, forbidden: bool) -> None:  # noqa: FBT001
    found = of_headers({"x-robots-tag": written})
    assert (found is not None) is forbidden
    if found is not None:
        assert found.statement.startswith("X-Robots-Tag: ")
        assert found.tdm is None


def test_the_robots_meta_tag() -> None:
    assert of_meta([("robots", "noindex, nofollow")]) is not None
    assert of_meta([("geowire", "noai")]) is not None
    assert of_meta([("googlebot", "noindex"), ("robots", "index")]) is None
    assert of_meta([("description", "noindex")]) is None


def test_tdm_reservation_in_a_header() -> None:
    found = of_headers({"tdm-reservation": "1", "tdm-policy": "https://daily.example/tdm.json"})
    assert found is not None
    assert found.tdm is True
    assert "https://daily.example/tdm.json" in found.statement
    assert of_headers({"tdm-reservation": "0"}) is None


def test_tdm_reservation_in_a_meta_tag() -> None:
    found = of_meta([("tdm-reservation", "1"), ("tdm-policy", "https://daily.example/tdm.json")])
    assert found is not None
    assert found.tdm is True
    assert of_meta([("tdm-reservation", "0")]) is None


_TDMREP = json.dumps(
    [
        {"location": "/open/*", "tdm-reservation": 0},
        {"location": "/*.html$", "tdm-reservation": 1, "tdm-policy": "https://daily.example/tdm.json"},
        {"location": "/premium", "tdm-reservation": "1"},
        {"location": 7, "tdm-reservation": 1},
        "x",
    ]
).encode()


@pytest.mark.parametrize(
    ("path", "reserved"),
    [("/open/1.html", False), ("/1.html", True), ("/premium/1", True), ("/1", False), ("", False)],
)
def test_tdm_reservation_in_the_well_known_file(path: str, reserved: bool) -> None:  # noqa: FBT001
    found = of_site(parse_tdmrep(_TDMREP), f"https://daily.example{path}")
    assert (found is not None) is reserved
    assert found is None or found.tdm is True


@pytest.mark.parametrize("document", [b"", b"<html>", b"{}", b"[1, null]", b'{"location": "/"}', b"[" * 100_000])
def test_a_well_known_file_that_is_none_reserves_nothing(document: bytes) -> None:
    assert parse_tdmrep(document) == ()
