"""Share bars: runs of network names and words of sharing, on a line of their own or glued before the lead."""

from __future__ import annotations

from agents.strip.page import Finding, Page
from agents.strip.signs import DECORATION, is_dense

_BETWEEN = DECORATION + ",&/\\"
_FEWEST_GLUED = 4


def read_bar(page: Page, start: int) -> list[Finding]:
    """Read the run of sharing words that starts at the first network's name, or before it.

    A line that is nothing else is a bar if it names two networks, or one and says share. Before running text there must
    be four, or two and a word of sharing, and no comma or "and" among them: the companies are also news.
    """
    line = page.line_at(start)
    words = page.forms.bar
    networks = shares = 0
    listed = False
    position = end = line.start
    limit = line.end
    while position < limit:
        character = page.text[position]
        if character in _BETWEEN:
            listed |= character == ","
            position += 1
            continue
        match = words.match(page.folded, position, limit)
        if match is None or not _is_word(page.text, match.end()):
            break
        position = end = match.end()
        networks += match.lastgroup == "network"
        shares += match.lastgroup == "share"
    whole = not page.text[end : line.end].strip(DECORATION)
    if whole:
        certain = networks > 1 or (networks == 1 and shares > 0)
    else:
        certain = not listed and (networks >= _FEWEST_GLUED or (networks > 1 and shares > 0))
    return [Finding(line.start, end, "share", "any.share-bar", certain=True)] if certain else []


def _is_word(text: str, end: int) -> bool:
    """Say whether a word ends here: FacebookTwitter are two, Facebooks is none."""
    if end >= len(text) or not text[end].isalnum():
        return True
    return text[end].isupper() or is_dense(text[end])
