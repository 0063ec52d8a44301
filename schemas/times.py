"""Times: RFC 3339, UTC, milliseconds, as text; the same as milliseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.errors import DataError

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def to_milliseconds(timestamp: str) -> int:
    """Return a timestamp of the events' form as milliseconds since the epoch.

    Raises:
        DataError: ``wrong-type``: it has the form, but there is no such time (February 30).
    """
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise DataError("wrong-type", f"no such time: {timestamp} ({error})") from error
    return round(moment.timestamp() * 1000)


def from_milliseconds(milliseconds: int) -> str:
    """Return milliseconds since the epoch as a timestamp of the events' form."""
    return from_datetime(datetime.fromtimestamp(milliseconds / 1000, UTC))


def from_datetime(moment: datetime) -> str:
    """Return an aware datetime as a timestamp of the events' form."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
