"""Where the sentences of a text are: by rules, for all scripts."""

from __future__ import annotations

import re

# A stop, closing marks, then white space and something that is not a small letter; a stop of a script without
# spaces; or a line break, unless the copy is hard-wrapped and the next line goes on with a small letter. Titles and
# initials ("U.S. officials", "Mr. Lee") are taken back below.
# The set of all stops comes first: that is what the engine looks for.
_END = re.compile(
    r"[.!?…。！？｡।؟۔\n](?:(?<=[.!?…])[\"'”’»)\]]*(?=\s+[^\sa-zà-ÿа-яё])|(?<=[。！？｡])[」』”）]*"
    r"|(?<=[।؟۔])[।؟۔।]*(?=\s|$)|(?<=\n)(?:\n+|(?![a-zà-ÿа-яё])))"
)
_ABBREVIATED = re.compile(
    r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|St|Gen|Col|Lt|Sgt|Sen|Rep|Gov|Prof|Jr|Sr|vs|No|Inc|Ltd|Corp))\.$"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the spans of a text's sentences, in code points; nothing is left out but white space between them."""
    spans = []
    start = 0
    for stop in _END.finditer(text):
        end = stop.end()
        if text[stop.start()] == "." and _ABBREVIATED.search(text, max(start, end - 8), end):
            continue
        if text[start:end].strip():
            spans.append((start, end))
        start = end
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans
