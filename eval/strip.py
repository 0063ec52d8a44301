"""Strip: how much of the interjections goes, and how much that is genuine goes with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct, structs

from agents.normalise.language import detect
from agents.normalise.normalise import normalise, normalise_title
from agents.strip.forms import Forms
from agents.strip.headline import is_sentence
from agents.strip.strip import Stripped, strip
from eval.data import knowledge
from eval.promo import Masked, Span, Text, clean, documents, golds, look_alikes, pages, read_lines
from eval.report import Row, Section

_GONE = 0.9
_FEWEST = 20
_BARS = {"title_match": 0.95, "gold_dropped": 0.9}
_FLOORS = {"title_match": 0.79, "gold_dropped": 0.6}
# The label prefix that every strip has to beat.
_PREFIX = re.compile(
    r"^\W*(?:read also|also read|read more|read|see also|related|related (?:articles?|stories|news)|more|watch|don'?t "
    r"miss|you may also like|recommended|lire aussi|baca juga|leia (?:mais|também)|lea también|lesen sie auch|"
    r"(?:यह|ये|इसे) भी पढ़ें)\s*[:|\-–…]+.*$",
    re.IGNORECASE | re.MULTILINE,
)
_NOTES = (
    """A span counts as removed when nine tenths of its letters are, a genuine line as kept when all of its letters are.
Texts are given as plain text, as they stand in the data, without the other headlines of their page, and the language is
detected; *as HTML* gives what was all link as a link. *Masked*: every letter of the label is another one, so that no
form matches; the headline is one of the page's other headlines, or stands as a link where it was one. *prefix*:
a regular expression of twenty labels at the beginning of a line, which removes the line.""",
    """Strangers' gold keeps some interjections: a "Related:" line, a newsletter's call. Every line that was lost was
read; those that are interjections or furniture stand in `eval/promo_read.txt`, and *read* is the figure without them.
Neither they nor lines of the data's own grey list count as genuine sentences.""",
    """*Left out*: as if there were no forms of the language at all; with the page's other headlines, and without.""",
)


class _Tally(Struct):
    right: int = 0
    all: int = 0
    prefix: int = 0
    errors: list[str] = []

    def add(self, id_: str, *, right: bool, prefix: bool = False) -> None:
        self.all += 1
        self.right += right
        self.prefix += prefix
        if not right:
            self.errors.append(id_)


_Tallies = dict[tuple[str, str], _Tally]
"""By measure and slice; the whole is the slice with no name."""


def section(data: Path) -> Section:
    """Measure strip on the documents, pages and look-alikes of ``eval/promo``, and on articles that are clean."""
    promo = data / "eval/promo"
    sizes: dict[str, int] = {}
    texts = list(documents(promo))
    sizes["documents"] = len(texts)
    rows, errors = _interjections(texts)
    rows += _left_out(texts)
    for name, given, as_html in (
        ("pages", list(pages(promo)), False),
        ("pages, as HTML", list(pages(promo)), True),
        ("pages, gold alone", list(golds(promo)), False),
        ("clean articles", list(clean(data)), False),
        ("hard negatives", list(look_alikes(promo)), False),
    ):
        sizes[name] = len(given)
        more, lost = _genuine(name, given, as_html=as_html)
        rows += more
        errors |= lost
    return Section(title="Strip", rows=tuple(rows), sizes=sizes, errors=errors, notes=_NOTES)


def stripped(source: str, *, title: str = "", siblings: tuple[str, ...] = (), forms: Forms | None = None) -> Stripped:
    """Strip a text as the stream does; the language is detected."""
    normalised, headline = normalise(source), normalise_title(title)
    language = detect(f"{headline}\n{normalised.text}").code
    return strip(normalised, title=headline, language=language, siblings=siblings, forms=forms or knowledge().forms)


def _interjections(texts: Iterable[Text]) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    tallies: _Tallies = {}
    masked: dict[str, _Tally] = {}
    for text in texts:
        if not text.goes:
            continue
        normal = normalise(text.text).text
        gone = _gone(stripped(text.text, title=text.title), len(normal))
        prefix = _prefix_gone(normal)
        for evidence, span in text.goes:
            for part in ("", text.language):
                tallies.setdefault((evidence, part), _Tally(errors=[])).add(
                    span.id, right=_is_gone(normal, span, gone), prefix=_is_gone(normal, span, prefix)
                )
        for evidence, mask in text.masked:
            masked.setdefault(evidence, _Tally(errors=[])).add(mask.id, right=_mask_goes(mask, text.title))
    rows = [
        Row(
            data=f"documents, {evidence}",
            part=part,
            measure="interjections removed",
            n=tally.all,
            ours=tally.right / tally.all if not part or tally.all >= _FEWEST else None,
            bar=_BARS[evidence],
            floor=None if part else _FLOORS[evidence],
            baselines={"prefix": tally.prefix / tally.all, "nothing": 0.0},
        )
        for (evidence, part), tally in sorted(tallies.items())
    ]
    rows += [
        Row(
            data=f"documents, {evidence}, masked",
            measure="interjections removed",
            n=tally.all,
            ours=tally.right / tally.all,
            bar=0.8,
            baselines={"prefix": 0.0, "nothing": 0.0},
        )
        for evidence, tally in sorted(masked.items())
    ]
    errors = {f"Left in, {name}": tuple(tally.errors) for (name, part), tally in sorted(tallies.items()) if not part}
    return rows, errors | {f"Left in, masked {name}": tuple(tally.errors) for name, tally in sorted(masked.items())}


def _left_out(texts: Sequence[Text]) -> Iterator[Row]:
    """Yield, for languages with enough spans, what is found as if there were no forms of the language."""
    languages = Counter((text.language, evidence) for text in texts for evidence, _ in text.goes)
    for (language, evidence), n in sorted(languages.items()):
        if n < _FEWEST or language == "en":
            continue
        forms = _without(language)
        for known in (False, True) if evidence == "title_match" else (False,):
            right = 0
            for text in texts:
                spans = [span for kind, span in text.goes if kind == evidence]
                if text.language != language or not spans:
                    continue
                normal = normalise(text.text).text
                siblings = tuple(mask.gone[-1] for _, mask in text.masked) if known else ()
                gone = _gone(stripped(text.text, title=text.title, siblings=siblings, forms=forms), len(normal))
                right += sum(_is_gone(normal, span, gone) for span in spans)
            shown = f"documents, {evidence}, left out" + (", with headlines" if known else "")
            yield Row(data=shown, part=language, measure="interjections removed", n=n, ours=right / n)


def _without(language: str) -> Forms:
    """Return the forms as they would be without a file for a language."""
    forms = knowledge().forms
    lines = {key: tuple(form for form in found if form.language != language) for key, found in forms.lines.items()}
    return structs.replace(
        forms,
        anchors={other: anchors for other, anchors in forms.anchors.items() if other != language},
        lines={key: found for key, found in lines.items() if found},
        relatives={other: held - {language} for other, held in forms.relatives.items() if other != language},
        coverage={other: known for other, known in forms.coverage.items() if other != language},
        matchers={},
    )


def _genuine(name: str, texts: Iterable[Text], *, as_html: bool) -> tuple[list[Row], dict[str, tuple[str, ...]]]:
    """Measure what is lost of what should stay: lines (or whole articles), and articles that lose a sentence."""
    lines, articles = _Tally(errors=[]), _Tally(errors=[])
    seen: dict[str, bool] = {}
    read = read_lines()
    left_out = 0
    for text in texts:
        source = text.source if as_html else text.text
        normal = normalise(source).text
        spans = _located(text, normal)
        gone, prefix = _gone(stripped(source, title=text.title), len(normal)), _prefix_gone(normal)
        losses = [_lost(normal, span, gone) for span in spans]
        for span, lost in zip(spans, losses, strict=True):
            lines.add(span.id, right=not lost, prefix=not _lost(normal, span, prefix))
            left_out += bool(lost) and span.id in read
            if is_sentence(lost) and span.id not in read:
                seen[text.id] = True
        seen.setdefault(text.id, False)
    for id_, loses in seen.items():
        articles.add(id_, right=not loses)
    if name == "hard negatives":
        wrong = lines.all - lines.right
        row = Row(
            data=name,
            measure="removed or cut",
            n=len(seen),
            ours=len(set(lines.errors)),
            bar=0,
            at_most=True,
            count=True,
            baselines={"prefix": lines.all - lines.prefix, "nothing": 0},
        )
        return [row], {"Hard negatives removed": tuple(lines.errors)} if wrong else {}
    kept = Row(
        data=name,
        measure="genuine lines kept",
        n=lines.all,
        ours=lines.right / lines.all,
        bar=0.999,
        baselines={"prefix": lines.prefix / lines.all, "nothing": 1.0},
    )
    rows = [kept]
    if left_out:
        others = lines.all - left_out
        rows.append(structs.replace(kept, data=f"{name}, read", n=others, ours=lines.right / others))
    rows += [
        Row(
            data=name,
            measure="articles that lose a sentence",
            n=articles.all,
            ours=(articles.all - articles.right) / articles.all,
            bar=0.001,
            at_most=True,
            baselines={"nothing": 0.0},
        ),
    ]
    lost_ids = tuple(id_ for id_ in lines.errors if id_ not in read)
    return rows, {f"Genuine text lost, {name}": lost_ids}


def _located(text: Text, normal: str) -> list[Span]:
    """Return the genuine lines with their offsets in the normalised text; blanks may differ."""
    if normal == text.text:
        return list(text.stays)
    found = []
    position = 0
    for span in text.stays:
        words = map(re.escape, normalise(text.text[span.start : span.end]).text.split())
        match = re.compile(r"\s+".join(words)).search(normal, position)
        if match is not None:
            found.append(Span(span.id, *match.span()))
            position = match.end()
    return found


def _gone(result: Stripped, length: int) -> bytearray:
    """Return a byte for each code point: whether it was removed."""
    gone = bytearray(length)
    for removed in result.removed:
        gone[removed.start : removed.end] = b"\1" * (removed.end - removed.start)
    return gone


def _prefix_gone(text: str) -> bytearray:
    gone = bytearray(len(text))
    for line in _PREFIX.finditer(text):
        gone[line.start() : line.end()] = b"\1" * (line.end() - line.start())
    return gone


def _is_gone(text: str, span: Span, gone: bytearray) -> bool:
    letters = [gone[offset] for offset in range(span.start, min(span.end, len(text))) if text[offset].isalnum()]
    return bool(letters) and sum(letters) >= _GONE * len(letters)


def _lost(text: str, span: Span, gone: bytearray) -> str:
    """Return what is lost of a span that should stay; blanks and signs do not count."""
    lost = "".join(text[offset] if gone[offset] else " " for offset in range(span.start, span.end))
    return lost.strip() if any(map(str.isalnum, lost)) else ""


def _mask_goes(mask: Masked, title: str) -> bool:
    kept = stripped(mask.source, title=title, siblings=mask.siblings).text
    given = normalise(mask.source).text
    parts = [normalise(part).text.strip() for part in mask.gone]
    return all(kept.count(part) < given.count(part) for part in parts)
