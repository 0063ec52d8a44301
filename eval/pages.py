"""Pages: how much of an article the extractor keeps, how much of what is no article, and how fast it is."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from agents.normalise.normalise import normalise
from eval.page_html import Page, letters, pages
from eval.report import Row, Section
from eval.strip import stripped
from streams.polling.pages.article import read_article

_ADDRESS = "https://page.example/"
_NOTES = (
    """What `content: page` makes of a page, beside trafilatura (`pip install --group eval` to measure it; by its
defaults, without comments). The pages are put together again from the lines, paths and link densities in the data, see
`eval/page_html.py`: their genuine lines are judged fairly, what stood around the article is mostly missing. A line is
kept when all its letters are. Lines the gold drops are captions, bylines, interjections, boxes; *left behind strip*:
after `strip` has taken its own out of what was extracted.""",
)


class _Tally(Struct):
    genuine: int = 0
    kept: int = 0
    dropped: int = 0
    left: int = 0
    left_behind_strip: int = 0
    seconds: float = 0.0
    pages: int = 0
    poor: list[str] = []


def section(data: Path) -> Section:
    """Measure the extractor on the pages with strangers' gold."""
    given: dict[str, list[Page]] = defaultdict(list)
    for name, page in pages(data / "eval/promo"):
        given[name].append(page)
    others: dict[str, Callable[[str], str]] = {"everything": _everything}
    if find_spec("trafilatura") is not None:
        others["trafilatura"] = _trafilatura()
    rows: list[Row] = []
    poor: list[str] = []
    for name, some in given.items():
        ours = _measure(some, lambda html: read_article(html, _ADDRESS).html, strip=True)
        poor += ours.poor
        found = {other: _measure(some, extract) for other, extract in others.items()}
        rows += _rows(name, ours, found)
    return Section(
        title="Pages",
        rows=tuple(rows),
        sizes={name: len(some) for name, some in given.items()},
        errors={"Pages of which less than nine tenths of the genuine lines were kept": tuple(poor)},
        notes=_NOTES,
    )


def _rows(name: str, ours: _Tally, others: dict[str, _Tally]) -> list[Row]:
    def row(measure: str, share: Callable[[_Tally], float], n: int, *, count: bool = False) -> Row:
        baselines = {other: share(tally) for other, tally in others.items() if other != "everything" or not count}
        return Row(data=name, measure=measure, n=n, ours=share(ours), baselines=baselines, count=count)

    return [
        row("genuine lines kept", lambda tally: tally.kept / tally.genuine, ours.genuine),
        row("lines the gold drops left in", lambda tally: tally.left / tally.dropped, ours.dropped),
        Row(
            data=name,
            measure="lines the gold drops left behind strip",
            n=ours.dropped,
            ours=ours.left_behind_strip / ours.dropped,
        ),
        row("pages a second", lambda tally: tally.pages / tally.seconds, ours.pages, count=True),
    ]


def _measure(some: list[Page], extract: Callable[[str], str], *, strip: bool = False) -> _Tally:
    tally = _Tally(poor=[])
    for page in some:
        started = time.process_time()
        html = extract(page.html)
        tally.seconds += time.process_time() - started
        tally.pages += 1
        text = normalise(html).text
        found = letters(text)
        behind = letters(stripped(html).text) if strip else ""
        kept = sum(line.genuine and line.letters in found for line in page.lines)
        genuine = sum(line.genuine for line in page.lines)
        tally.kept += kept
        tally.genuine += genuine
        tally.dropped += len(page.lines) - genuine
        tally.left += sum(not line.genuine and line.letters in found for line in page.lines)
        tally.left_behind_strip += sum(not line.genuine and line.letters in behind for line in page.lines)
        if kept < 0.9 * genuine:
            tally.poor.append(page.id)
    return tally


def _everything(html: str) -> str:
    return html


def _trafilatura() -> Callable[[str], str]:
    from trafilatura import extract

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return lambda html: extract(html, include_comments=False, output_format="html") or ""
