"""The enrich agent: generation by the record's place, and nothing of what was asked to be forgotten."""

from __future__ import annotations

import json
from functools import cache

from agents.enrich import agent
from agents.enrich.enrich import Knowledge, load_knowledge
from schemas.envelope import header
from schemas.errors import DataError
from schemas.record import Output, Record
from tests.items import encoded, raw_item

_TITLE = "Greek minister visits Ankara"


@cache
def _knowledge() -> Knowledge:
    return load_knowledge()


def _handled(offset: int, *, suppressed: bool = False) -> Output:
    item = raw_item("https://wire.example/1", title=_TITLE, fetched=1_770_000_000_000, feed="wire")
    headers = [("origin", b"3:17"), ("ce_reason", b"edited")]
    record = Record("news.unique", 3, offset, item["item_id"].encode(), encoded(item), headers, 0)
    handle = agent.handler(
        _knowledge(), generation=lambda r: 2 if r.offset >= 10 else 1, text="full", suppressed=lambda _: suppressed
    )
    (outcome,) = handle([record])
    assert isinstance(outcome, list)
    return outcome[0]


def test_the_generation_is_that_of_the_records_place() -> None:
    events = [json.loads(_handled(offset).value or b"") for offset in (9, 10, 9)]
    assert [event["generation"] for event in events] == [1, 2, 1]
    assert events[0] == events[2]
    assert events[0]["id"] != events[1]["id"]


def test_what_was_asked_to_be_forgotten_is_withdrawn_without_a_word() -> None:
    output = _handled(9, suppressed=True)
    event = json.loads(output.value or b"")
    assert (event["reason"], event["title"], event["text"], event["url"], event["topics"]) == (
        "withdrawn",
        "",
        "",
        None,
        None,
    )
    assert "inister" not in (output.value or b"").decode()
    assert header(output.headers, "ce_reason") == b"withdrawn"
    assert header(output.headers, "forget") is not None
    assert event["raw"] == {"stream": "news.raw", "partition": 3, "offset": 17}
    assert output.value == _handled(9, suppressed=True).value


def _record(offset: int, value: bytes) -> Record:
    return Record("news.unique", 3, offset, b"k", value, [("origin", b"3:17"), ("ce_reason", b"new")], 0)


def test_a_batch_decides_about_each_as_if_it_were_alone() -> None:
    titles = (_TITLE, "Ministro francés viaja a Bogotá", "", "Treffen in Wien über Grenzstreit", _TITLE)
    items = [
        raw_item(f"https://wire.example/{n}", title=title, fetched=1_770_000_000_000, feed="wire")
        for n, title in enumerate(titles)
    ]
    records = [_record(n, encoded(item)) for n, item in enumerate(items)]
    broken = _record(9, b"no JSON")
    decide = agent.handler(_knowledge(), generation=lambda _: 1, text="full")
    alone = [outputs for record in records for outputs in decide([record])]
    assert decide(records) == alone
    *first, failed, last = decide([*records[:3], broken, records[4]])
    assert [*first, last] == [*alone[:3], alone[4]]
    assert isinstance(failed, DataError)
    assert decide([]) == []
