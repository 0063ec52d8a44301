"""Who an item is, what of it is new, and what the page says about time: from one reading of a feed to the next."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from streams.polling.reading import Reading
from tests.documents import NOW, items, reading, rss

_TEXT = "The foreign ministers of both countries met on Monday to reopen the talks on their maritime border."


def _item(number: int, *, guid: str | None = None, link: str | None = None, title: str = "", text: str = _TEXT) -> str:
    named = f'<guid isPermaLink="false">{guid}</guid>' if guid is not None else ""
    address = f"https://daily.example/{number}" if link is None else link
    return f"<title>{title or f'Report {number}'}</title><link>{address}</link>{named}<description>{text}</description>"


def _ids(found: Reading) -> list[str]:
    return [listed.item_id for listed in found.listed]


# Identity


def test_a_guid_that_changes_with_every_revision_makes_no_new_item() -> None:
    """BBC appends #0, #1, … for each revision."""
    first = reading(rss(_item(1, guid="https://daily.example/1#0")))
    second = reading(rss(_item(1, guid="https://daily.example/1#1")), before=first)
    third = reading(rss(_item(1, guid="https://daily.example/1#2", text=f"{_TEXT} More.")), before=second)
    assert _ids(first) == _ids(second) == _ids(third)
    assert second.items == ()
    assert len(third.items) == 1


def test_guids_that_a_document_repeats_tell_nothing() -> None:
    """Al-Monitor gives 9 of 20 items the guid of another."""
    first = reading(rss(_item(1, guid="same"), _item(2, guid="same"), _item(3, guid="other")))
    assert len(set(_ids(first))) == 3
    moved = reading(rss(_item(4, guid="same"), _item(2, guid="same"), _item(3, guid="other")), before=first)
    assert _ids(moved)[1:] == _ids(first)[1:]
    assert _ids(moved)[0] not in _ids(first), "a new story is none that shared its guid"


def test_without_guids_the_link_tells() -> None:
    first = reading(rss(_item(1), _item(2)))
    second = reading(rss(_item(3), _item(1), _item(2)), before=first)
    assert _ids(second)[1:] == _ids(first)
    assert [item.link for item in items(second)] == ["https://daily.example/3"]


@pytest.mark.parametrize(
    "tracked",
    [
        "https://daily.example/1?utm_source=rss&amp;utm_medium=feed",
        "https://www.daily.example/1?at_medium=RSS&amp;at_campaign=rss",
        "https://daily.example/1?xtor=RSS-3208",
        "https://daily.example/1?traffic_source=rss",
        "https://daily.example/1#publisher=newsstand",
        "http://daily.example/1/",
    ],
)
def test_links_with_tracking_are_the_same_story(tracked: str) -> None:
    assert _ids(reading(rss(_item(1, link=tracked)))) == _ids(reading(rss(_item(1))))
    assert items(reading(rss(_item(1, link=tracked))))[0].link == tracked.replace("&amp;", "&"), (
        "the link stays as it was"
    )


def test_two_feeds_that_list_a_story_agree_on_its_id() -> None:
    one, other = reading(rss(_item(1, guid="a"))), reading(rss(_item(1, guid="b", title="Another headline")))
    assert _ids(one) == _ids(other)


def test_a_changed_slug_under_the_same_guid_is_an_edit() -> None:
    first = reading(rss(_item(1, guid="g1"), _item(2, guid="g2")))
    second = reading(
        rss(_item(1, guid="g1", link="https://daily.example/1-new", title="New"), _item(2, guid="g2")), before=first
    )
    assert _ids(second) == _ids(first)
    assert [item.title for item in items(second)] == ["New"]


def test_a_guid_that_moves_to_another_story_does_not_take_its_id_along() -> None:
    first = reading(rss(_item(1, guid="top"), _item(2, guid="g2")))
    second = reading(rss(_item(3, guid="top"), _item(1, guid="g1"), _item(2, guid="g2")), before=first)
    assert _ids(second)[1:] == _ids(first), "the story that still has its link keeps its id"
    assert _ids(second)[0] not in _ids(first)


@pytest.mark.parametrize("link", ["https://daily.example/", "https://daily.example/live", ""])
def test_a_link_that_several_stories_share_tells_none_of_them(link: str) -> None:
    first = reading(rss(_item(1, guid="g1", link=link), _item(2, guid="g2", link=link)))
    assert len(set(_ids(first))) == 2
    without = reading(rss(_item(1, link=link), _item(2, link=link, text=f"{_TEXT} Another.")))
    assert len(set(_ids(without))) == 2


def test_a_headline_that_stands_twice_while_it_is_edited_makes_one_new_item_less() -> None:
    first = reading(rss(_item(1), _item(2)))
    second = reading(rss(_item(1, title="New words"), _item(1), _item(2)), before=first)
    assert set(_ids(first)) <= set(_ids(second)), "the entry that is as it was is still the item"
    third = reading(rss(_item(1, title="New words"), _item(2)), before=second)
    assert _ids(third) == _ids(first), "and later the link tells again"


def test_an_item_listed_twice_is_one_with_the_longer_text() -> None:
    found = reading(rss(_item(1, text="Short."), _item(1), _item(2)))
    assert len(found.listed) == 2
    assert found.entries == 3
    assert items(found)[0].summary == _TEXT


# What is new


def test_what_is_listed_as_before_is_not_given_again() -> None:
    first = reading(rss(*(_item(n) for n in range(5))))
    second = reading(rss(*(_item(n) for n in range(1, 6))), before=first)
    assert len(first.items) == 5
    assert [item.link for item in items(second)] == ["https://daily.example/5"]


def test_an_edit_of_title_or_text_is_given_again() -> None:
    first = reading(rss(_item(1), _item(2)))
    second = reading(rss(_item(1, title="Corrected"), _item(2, text=f"{_TEXT} Corrected.")), before=first)
    assert len(second.items) == 2
    assert {item.item_id for item in second.items} == set(_ids(first))


@pytest.mark.parametrize(
    "same",
    [
        _item(1).replace(_TEXT, f"&lt;p&gt;{_TEXT}&lt;/p&gt;"),
        _item(1).replace(_TEXT, f"  {_TEXT.replace(' ', '  ')} "),
        _item(1).replace(
            _TEXT, f"&lt;p&gt;{_TEXT}&lt;/p&gt;&lt;p&gt;&lt;a href='/x'&gt;READ ALSO: A story&lt;/a&gt;&lt;/p&gt;"
        ),
        _item(1) + "<pubDate>Wed, 18 Feb 2026 09:30:00 GMT</pubDate><category>World</category>",
    ],
    ids=["markup", "white space", "a block that is all link", "dates and categories"],
)
def test_what_is_no_edit(same: str) -> None:
    assert reading(rss(same), before=reading(rss(_item(1)))).items == ()


def test_what_is_written_as_it_was_is_no_edit_whatever_a_new_version_makes_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = reading(rss(_item(1), _item(2)))
    monkeypatch.setattr("streams.polling.reading.content", lambda normalised: normalised.text + " and more")
    second = reading(rss(_item(1), _item(2, text=f"{_TEXT} Edited.")), before=first)
    assert [item.link for item in items(second)] == ["https://daily.example/2"]


def test_items_come_out_oldest_first() -> None:
    dated = [_item(n) + f"<pubDate>{format_datetime(NOW - timedelta(hours=n))}</pubDate>" for n in (1, 3, 2)]
    assert [(item.link or "")[-1] for item in items(reading(rss(*dated)))] == ["3", "2", "1"]


# Siblings, backfill, window


def test_siblings_are_the_headlines_that_an_items_text_quotes() -> None:
    headline, other = "Harvest festival draws record crowds despite the rain", "Short one"
    quoting = _item(1, text=f"{_TEXT} READ ALSO: {headline.upper()}. And {other}.")
    found = items(
        reading(rss(quoting, _item(2, title=headline), _item(3, title=other), _item(4, title="Not quoted at all here")))
    )
    assert [item.siblings for item in found] == [(headline,), (), (), ()]


def test_siblings_are_few() -> None:
    headlines = [f"Headline number {n:03d} of the many that there are" for n in range(50)]
    everything = _item(999, text=" ".join(headlines))
    found = items(reading(rss(everything, *(_item(n, title=title) for n, title in enumerate(headlines)))))
    assert len(found[0].siblings) == 20


def test_backfill_is_what_was_old_at_the_first_poll() -> None:
    old = _item(1) + f"<pubDate>{format_datetime(NOW - timedelta(hours=49))}</pubDate>"
    new = _item(2) + f"<pubDate>{format_datetime(NOW - timedelta(hours=47))}</pubDate>"
    assert [item.backfill for item in items(reading(rss(old, new, _item(3)), first=True))] == [True, False, False]
    assert [item.backfill for item in items(reading(rss(old, new, _item(3))))] == [False, False, False]


def test_newest_and_oldest_are_those_of_the_dates_that_can_be_believed() -> None:
    dates = ["Tue, 17 Feb 2026 09:30:00 GMT", "Mon, 16 Feb 2026 09:30:00 GMT", "Fri, 31 Dec 2099 00:00:00 GMT", "soon"]
    found = reading(rss(*(_item(n) + f"<pubDate>{date}</pubDate>" for n, date in enumerate(dates))))
    assert (found.oldest, found.newest) == ("2026-02-16T09:30:00.000Z", "2026-02-17T09:30:00.000Z")
    assert found.dates == ("2026-02-17T09:30:00.000Z", "2026-02-16T09:30:00.000Z", None, None)


def test_entries_that_say_nothing_are_counted_and_not_given() -> None:
    found = reading(rss(_item(1), "", "<pubDate>Tue, 17 Feb 2026 09:30:00 GMT</pubDate>"))
    assert (found.entries, found.empty, len(found.items)) == (3, 2, 1)


def test_the_same_document_gives_the_same_items() -> None:
    document = rss(*(_item(n, guid=f"g{n}") for n in range(20)))
    assert reading(document) == reading(document)


@pytest.mark.eval_data
def test_each_captured_feed_read_twice_gives_its_items_once(eval_data: Path) -> None:
    for file in sorted((eval_data / "feeds" / "news").iterdir()):
        first = reading(file.read_bytes())
        second = reading(file.read_bytes(), before=first)
        assert first.items, file.name
        assert second.items == (), file.name
        assert len(set(_ids(first))) == len(first.listed) >= 0.9 * (first.entries - first.empty), file.name
