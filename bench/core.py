"""The pure pipe on one core: articles a second in batches as in the worker, and µs an article in each stage.

Texts of 600 characters, 2.2 kB and 10 kB: real articles from ``GEOWIRE_EVAL_DATA`` where it is set, and the sample
newsroom's own, put together to these lengths. Beside the times stand ratios to a fixed reference workload (one round is
a hash, a JSON round trip and a regular expression over an invented text), so that machines can be compared.
"""

from __future__ import annotations

import gc
import gzip
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import msgspec
import orjson

from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find
from agents.classify.gazetteer.pairs import pairs
from agents.classify.topics.topics import decide
from agents.cluster.sign import sign
from agents.enrich.enrich import Knowledge, enrich, enrich_batch, load_knowledge
from agents.normalise.language import detect
from agents.normalise.normalise import normalise, normalise_title
from agents.notices.notices import find_notice
from agents.publish.publish import Decided, Provenance, publish
from agents.strip.strip import strip
from schemas.codec import decode, encode
from schemas.enriched import RawRef
from schemas.raw import RawItem
from schemas.signature import encode_signature
from streams.pipe import Line, raw_item
from streams.sample.articles import outlets

SIZES = (600, 2_200, 10_000)
_ARTICLES = 200
_BATCH = 32
"""As the worker decides them."""
_ROUNDS = 5
PROVENANCE = Provenance(reason="new", supersedes=None, raw=RawRef(stream="bench", partition=0, offset=0), generation=1)
_decoder = msgspec.json.Decoder(RawItem)

Stage = tuple[str, Callable[..., Any], Sequence[tuple[Any, ...]]]


def run(data: Path | None) -> dict[str, Any]:
    """Print and return the figures of every corpus and length, and what a start costs."""
    one_round = reference()
    print(f"reference workload: {one_round * 1e6:.1f} µs a round\n")
    knowledge = load_knowledge()
    gc.freeze()  # as in the worker
    reports = [_report(name, lines, knowledge, one_round) for name, lines in corpora(data)]
    start = _start()
    print(start)
    return {"reference_us": one_round * 1e6, "corpora": reports, "start": start.strip()}


def corpora(data: Path | None, sizes: Sequence[int] = SIZES) -> Iterator[tuple[str, list[Line]]]:
    """Yield articles of each length, the real ones first, with what they are called.

    Args:
        data: Directory that holds ``eval/``.
        sizes: The lengths.
    """
    stream = data / "eval/stream_ngr_2021.jsonl.gz" if data else None
    if stream is None or not stream.exists():
        print("GEOWIRE_EVAL_DATA has no eval/stream_ngr_2021.jsonl.gz: own articles only\n")
    for size in sizes:
        if stream is not None and stream.exists():
            lines = [line for line in _stream(stream) if 0.85 * size <= len(line.text) <= 1.15 * size]
            yield f"stream_ngr_2021, {size:,} characters", lines[:_ARTICLES]
        yield f"own, English, {size:,} characters", list(own(size, english=True))
        yield f"own, all languages, {size:,} characters", list(own(size, english=False))


def _stream(path: Path) -> Iterator[Line]:
    with gzip.open(path) as records:
        for record in map(orjson.loads, records):
            yield Line(
                title=record["title"],
                text=record["text"],
                url=record["link"],
                feed=record["source"],
                published=record["published"],
            )


def own(size: int, *, english: bool) -> Iterator[Line]:
    """Yield the sample newsroom's articles, each followed by others in its language up to the length."""
    for outlet in outlets():
        bodies = [article for article in outlet.articles if article.body]
        if english and outlet.language != "en":
            continue
        for number, article in enumerate(bodies):
            text = ""
            for other in islice(cycle(bodies), number, None):
                text += other.body.strip() + "\n\n"
                if len(text) >= size:
                    break
            yield Line(
                title=article.title,
                text=text[:size],
                url=f"https://{outlet.id}.example/{article.slug}",
                feed=outlet.title,
                language=outlet.language,
                published="2026-02-18T09:00:00Z",
            )


def decided(knowledge: Knowledge, *values: bytes) -> list[tuple[bytes, bytes]]:
    """Return the events and signatures of raw items, all as bytes: what the worker does with a batch."""
    events = enrich_batch([(decode(_decoder, value), PROVENANCE) for value in values], knowledge)
    return [(encode(event), encode_signature(sign(event, text))) for event, text in events]


def _report(name: str, lines: list[Line], knowledge: Knowledge, reference: float) -> dict[str, Any]:
    items = [raw_item(line) for line in lines]
    size = sum(len(line.text.encode()) for line in lines) / len(lines)
    values = [encode(item) for item in items]

    stages = _stages(items, values, knowledge)
    batches = [tuple(values[at : at + _BATCH]) for at in range(0, len(values), _BATCH)]
    whole = partial(decided, knowledge)
    total = cpu_seconds(whole, batches) * len(batches) / len(values)
    print(f"{name}: {len(lines)} articles of {size:,.0f} bytes: {1 / total:,.0f} articles/s")
    alone = cpu_seconds(whole, [(value,) for value in values])
    seconds = {"whole": total, "one by one": alone} | {
        stage: cpu_seconds(function, arguments) for stage, function, arguments in stages
    }
    for stage, taken in seconds.items():
        print(f"  {stage:<11}{taken * 1e6:9.1f} µs {taken / reference:8.2f} × reference")
    print()
    return {
        "name": name,
        "bytes": size,
        "articles_per_second": 1 / total,
        "stages": {stage: taken * 1e6 for stage, taken in seconds.items()},
    }


def _stages(items: Sequence[RawItem], values: Sequence[bytes], knowledge: Knowledge) -> list[Stage]:
    """Return every stage with the arguments that the stage before it gives."""
    sources = [(normalise_title(item.title), normalise(item.body or "")) for item in items]
    spoken = [
        (f"{title}\n{source.text}", item.feed.language) for item, (title, source) in zip(items, sources, strict=True)
    ]
    languages = [detect(text, stated=stated) for text, stated in spoken]

    def stripping(number: int) -> Any:
        title, source = sources[number]
        code = languages[number].code
        return strip(source, title=title, language=code, siblings=items[number].siblings, forms=knowledge.forms)

    numbers = range(len(items))
    documents = [
        Document(title=title, text=stripping(n).text, language=languages[n].code, published=items[n].published)
        for n, (title, _) in enumerate(sources)
    ]
    found = [find(document, knowledge.gazetteer) for document in documents]
    topical = [decide(document, f.mentions, knowledge.topics) for document, f in zip(documents, found, strict=True)]
    events = [enrich(item, PROVENANCE, knowledge) for item in items]
    made = [Decided(**{name: getattr(event, name) for name in Decided.__struct_fields__}) for event in events]
    return [
        ("decode", lambda value: decode(_decoder, value), [(value,) for value in values]),
        ("normalise", lambda item: (normalise_title(item.title), normalise(item.body)), [(item,) for item in items]),
        ("language", lambda text, stated: detect(text, stated=stated), spoken),
        ("strip", stripping, [(n,) for n in numbers]),
        ("gazetteer", lambda document: find(document, knowledge.gazetteer), [(document,) for document in documents]),
        ("topics", lambda n: decide(documents[n], found[n].mentions, knowledge.topics), [(n,) for n in numbers]),
        (
            "notices",
            lambda n: find_notice(documents[n].title, documents[n].text, languages[n].code, knowledge.notices),
            [(n,) for n in numbers],
        ),
        ("pairs", lambda n: pairs(documents[n], found[n], topical[n], knowledge.gazetteer), [(n,) for n in numbers]),
        (
            "publish",
            lambda n: publish(items[n], made[n], PROVENANCE, knowledge.pipeline, "full"),
            [(n,) for n in numbers],
        ),
        ("encode", encode, [(event,) for event in events]),
        ("sign", lambda n: encode_signature(sign(events[n], events[n].text)), [(n,) for n in numbers]),
    ]


def cpu_seconds(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> float:
    """Return the CPU seconds of a call: the best of some rounds over all arguments."""
    best = float("inf")
    for _ in range(_ROUNDS):
        started = time.process_time()
        for call in arguments:
            function(*call)
        best = min(best, time.process_time() - started)
    return best / len(arguments)


_TEXT = (
    "The ministers of Freedonia and Sylvania met on Monday for talks about the bridge; 4 of 11 points are open. " * 20
)
_CAPITALISED = re.compile(r"\b[A-Z]\w+")


def reference() -> float:
    """Return the seconds of one round of the reference workload."""

    def once() -> None:
        hashlib.sha256(_TEXT.encode()).hexdigest()
        json.loads(json.dumps({"text": _TEXT, "found": _CAPITALISED.findall(_TEXT)}))

    return cpu_seconds(once, [()] * 2_000)


_CHILD = """
import resource, time
started = time.perf_counter()
from agents.enrich.enrich import load_knowledge
imported = time.perf_counter()
knowledge = load_knowledge()
loaded = time.perf_counter()
first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
from agents.classify.document import Document
from agents.classify.gazetteer.gazetteer import find
from agents.classify.topics.topics import decide
for language in sorted(knowledge.gazetteer.tables.names.keys() | knowledge.forms.coverage.keys()):
    document = Document(title="Oslo", text="Oslo", language=language)
    decide(document, find(document, knowledge.gazetteer).mentions, knowledge.topics)
warm = time.perf_counter()
print(f"start: imports {imported - started:.2f} s, knowledge {loaded - imported:.2f} s, {first} MB; every language "
      f"seen once: {warm - loaded:.2f} s more, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
"""


def _start() -> str:
    """Measure in a process of its own what a start costs."""
    return subprocess.run([sys.executable, "-c", _CHILD], capture_output=True, text=True, check=True).stdout
