"""Headlines of a feed that stand in the text of another of its items: strip sees the item alone and asks. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick

_LEAST = 25
"""Characters of a headline that have to stand in a text; a shorter one may stand there by chance."""
_MOST = 20


class Headlines:
    """The headlines of one document, to be found in texts, whole or cut short.

    All of them in each item would make a page of n items n² headlines; only those that occur are handed on.
    """

    def __init__(self, headlines: Sequence[str]) -> None:
        """Prepare."""
        self._headlines = list(dict.fromkeys(headline for headline in headlines if len(headline) >= _LEAST))
        self._finder = AhoCorasick([headline[:_LEAST].casefold() for headline in self._headlines])

    def in_text(self, text: str, *, own: str) -> tuple[str, ...]:
        """Return the headlines in a text, without the ``own`` of its item, in the order of the document."""
        if len(text) < _LEAST or not self._headlines:
            return ()
        found = {number for number, _, _ in self._finder.find_matches_as_indexes(text.casefold(), overlapping=True)}
        return tuple(self._headlines[number] for number in sorted(found) if self._headlines[number] != own)[:_MOST]
