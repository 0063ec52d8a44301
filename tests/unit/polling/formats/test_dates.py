"""Dates as feeds write them: read as they are meant, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.polling.formats.dates import parse_date
from tests.documents import NOW, items, only, parsed, reading, rss


def _utc(written: str) -> str | None:
    moment = parse_date(written, now=NOW)
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else None


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        # as the formats want them
        ("Wed, 18 Feb 2026 09:30:00 GMT", "2026-02-18 09:30:00"),
        ("Wed, 18 Feb 2026 09:30:00 -0500", "2026-02-18 14:30:00"),
        ("18 Feb 26 09:30 EST", "2026-02-18 14:30:00"),
        ("2026-02-18T09:30:00Z", "2026-02-18 09:30:00"),
        ("2026-02-18T09:30:00.123+05:30", "2026-02-18 04:00:00"),
        # localised months
        ("qua, 18 fev 2026 09:30:00 -0300", "2026-02-18 12:30:00"),
        ("Qui, 04 Dez 2025 09:30:00 +0000", "2025-12-04 09:30:00"),
        ("Mi, 18 Feb 2026 09:30:00 +0100", "2026-02-18 08:30:00"),
        ("Di, 04 Mär 2025 09:30:00 +0100", "2025-03-04 08:30:00"),
        ("Mittwoch, 18. Februar 2026 09:30:00 +0100", "2026-02-18 08:30:00"),
        ("Do, 04 Dez 2025 09:30:00 +0100", "2025-12-04 08:30:00"),
        ("mer., 18 févr. 2026 09:30:00 +0100", "2026-02-18 08:30:00"),
        ("Ср, 18 фев 2026 09:30:00 +0300", "2026-02-18 06:30:00"),
        ("18 de febrero de 2026", "2026-02-18 00:00:00"),
        ("quarta, 18 de fevereiro de 2026 10:00", "2026-02-18 10:00:00"),
        # zones: the sign as it is meant
        ("Tue, 17 Feb 2026 09:30:00 GMT+9", "2026-02-17 00:30:00"),
        ("Tue, 17 Feb 2026 09:30:00 GMT+09:00", "2026-02-17 00:30:00"),
        ("Tue, 17 Feb 2026 09:30:00 UTC-3", "2026-02-17 12:30:00"),
        ("Wed, 18 Feb 2026 09:30:00 CET", "2026-02-18 08:30:00"),
        ("Tue, 05 Aug 2025 09:30:00 CEST", "2025-08-05 07:30:00"),
        ("Wed, 18 Feb 2026 09:30:00 IST", "2026-02-18 04:00:00"),
        ("Wed, 18 Feb 2026 09:30:00 +5:30", "2026-02-18 04:00:00"),
        # in figures
        ("05.02.2025", "2025-02-05 00:00:00"),
        ("5.2.2025 14:30:05 +0200", "2025-02-05 12:30:05"),
        ("18/02/2026 09:30", "2026-02-18 09:30:00"),
        ("02/18/2026", "2026-02-18 00:00:00"),
        ("20260218T093000Z", "2026-02-18 09:30:00"),
        ("1771407000", "2026-02-18 09:30:00"),
        ("1771407000000", "2026-02-18 09:30:00"),
        ("2026年02月18日 09:30", "2026-02-18 09:30:00"),
        ("2026년 2월 8일", "2026-02-08 00:00:00"),
        ("2026-02-18 09:30:00", "2026-02-18 09:30:00"),
        # for people
        ("Feb 18, 2026 9:30 AM", "2026-02-18 09:30:00"),
        ("Wednesday, 18 February 2026 09:30", "2026-02-18 09:30:00"),
        ("Wed Feb 18 09:30:00 2026", "2026-02-18 09:30:00"),
    ],
)
def test_dates_are_read_as_they_are_meant(written: str, utc: str) -> None:
    assert _utc(written) == utc


@pytest.mark.parametrize(
    "written",
    [
        "",
        "now",
        "yesterday",
        "02/03/2026",  # February or March
        "99/99/2026",
        "32.13.2025",
        "Wed, 18 Feb 2026 25:30:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0001-01-01T00:00:00Z",
        "Wed, 31 Dec 9999 23:59:59 GMT",
        "9" * 5000,
    ],
)
def test_what_cannot_be_read_or_cannot_be_true_stays_unread(written: str) -> None:
    assert _utc(written) is None


def test_more_than_a_day_ahead_is_not_believed() -> None:
    assert parse_date((NOW + timedelta(hours=23)).isoformat(), now=NOW) is not None
    assert parse_date((NOW + timedelta(hours=25)).isoformat(), now=NOW) is None


def test_a_date_that_is_not_believed_stays_as_written_and_is_never_now() -> None:
    (item,) = items(reading(rss("<title>x</title><pubDate>Thu, 31 Dec 2099 00:00:00 GMT</pubDate>")))
    assert (item.published, item.published_source) == (None, "ingest")
    assert item.published_raw == "Thu, 31 Dec 2099 00:00:00 GMT"


def test_the_next_best_date_stands_in_for_one_that_cannot_be_read() -> None:
    entry = only(rss("<title>x</title><pubDate>soon</pubDate><dc:date>2026-02-18T09:30:00Z</dc:date>"))
    assert (entry.published, entry.published_source) == ("2026-02-18T09:30:00.000Z", "updated")
    assert entry.published_raw == "soon"


@pytest.mark.eval_data
def test_every_date_of_the_captured_feeds_is_read(eval_data: Path) -> None:
    later = datetime(2026, 9, 1, tzinfo=UTC)
    dates = {
        entry.published_raw
        for file in (eval_data / "feeds" / "news").iterdir()
        for entry in parsed(file.read_bytes()).entries
        if entry.published_raw
    }
    assert len(dates) > 2_000
    assert [written for written in sorted(dates) if parse_date(written, now=later) is None] == []
