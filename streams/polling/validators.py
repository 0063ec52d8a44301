"""Conditional requests: when validators are sent, and how it is found out that they lie.

Some servers answer 304 whatever happens. So after a day of nothing but 304s one request is sent without conditions.
If it shows another document under the very same validators, they lie; if twice in a row such a request shows news and
no conditional one in between did, they lie as well. Then they are not sent for a week; after that every second request
has them, until one brings news.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import structs

from schemas.feed_state import FeedState, Validators
from schemas.polling import Trust
from schemas.times import from_datetime

_EVERY = timedelta(hours=25)
"""Not 24: a feed that changes at the same hour every day would look as if only full requests ever brought its news."""
_LEAST_304S = 6
"""Fewer answers than this are no ground for suspicion: a feed polled once a day is not fetched in full every day."""
_STRIKES_MAX = 2
_DISTRUST = timedelta(days=7)


def to_send(state: FeedState | None, now: datetime) -> Validators | None:
    """Return the validators for the next request; None: it is sent without conditions."""
    if state is None or state.validators is None:
        return None
    trust = state.trust
    if trust is not None:
        if trust.lies_until is not None and now < datetime.fromisoformat(trust.lies_until):
            return None
        if trust.lies_until is not None and trust.unchanged:
            return None
        if trust.unchanged >= _LEAST_304S and now - datetime.fromisoformat(trust.full) >= _EVERY:
            return None
    return state.validators


def after_304(trust: Trust | None, now: datetime) -> Trust:
    """Return what to think of the validators after a 304."""
    if trust is None:
        return Trust(full=from_datetime(now), unchanged=1)
    return structs.replace(trust, unchanged=trust.unchanged + 1)


def after_full(
    trust: Trust | None,
    now: datetime,
    *,
    conditional: bool,
    changed: bool,
    before: Validators | None,
    after: Validators,
) -> Trust:
    """Return what to think of the validators after a full answer.

    Args:
        trust: As it was.
        now: The time of this poll.
        conditional: Whether validators were sent.
        changed: Whether the document differs from the last.
        before: The validators there were.
        after: The validators that came now.
    """
    full = Trust(full=from_datetime(now))
    if trust is None or (conditional and changed):
        return full  # validators that let news through work
    full = structs.replace(full, strikes=trust.strikes, lies_until=trust.lies_until)
    enough = 1 if trust.lies_until is not None else _LEAST_304S
    if conditional or not changed or trust.unchanged < enough:
        return full  # this shows nothing
    same = before is not None and (before.etag, before.last_modified) == (after.etag, after.last_modified)
    if same or trust.strikes + 1 >= _STRIKES_MAX:
        return structs.replace(full, strikes=0, lies_until=from_datetime(now + _DISTRUST))
    return structs.replace(full, strikes=trust.strikes + 1)
