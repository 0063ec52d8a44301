"""The article that started geowire, served as a feed, comes out as its readers expect; so do its mutants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from streams.settings import Settings
from tests import articles, site
from tests.articles import Article
from tests.integration import pipe

pytestmark = pytest.mark.integration


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _faults(article: Article, event: dict[str, Any]) -> list[str]:
    """What the event says otherwise than the article's expectations."""
    return [*_text_faults(article, event), *_decision_faults(article.expected, event)]


def _text_faults(article: Article, event: dict[str, Any]) -> list[str]:
    removed = " ".join(span["text"] for span in event["removed"])
    faults = [f"not removed and recorded: {text}" for text in article.removed if _spaced(text) not in _spaced(removed)]
    if _spaced(event["text"]) != _spaced(" ".join(article.kept)):
        faults.append(f"the text is not the article's: {event['text']}\n--- removed: {event['removed']}")
    return faults


def _decision_faults(expected: dict[str, Any], event: dict[str, Any]) -> list[str]:
    topics = [topic["id"] for topic in event["topics"]]
    about = {c["code"] for c in event["countries"] if c["role"] == "about"}
    named = {c["code"] for c in event["countries"]}
    pairs = {(pair["a"], pair["b"]) for pair in event["pairs"]}
    faults = [] if event["geopolitical"]["value"] is True else ["not geopolitical"]
    if [topic["id"] for topic in event["topics"] if topic["primary"]] != [expected["primary"]]:
        faults.append(f"the primary topic is not {expected['primary']}: {event['topics']}")
    if not set(expected["topics_at_least"]) <= set(topics) <= set(expected["topics_allowed"]):
        faults.append(f"topics are {topics}")
    # What is mentioned four times may be what the item is about, too.
    allowed = {*expected["countries_about"], *expected["countries_mentioned_at_least"]}
    if not set(expected["countries_about"]) <= about <= allowed:
        faults.append(f"it is about {about}")
    if not set(expected["countries_mentioned_at_least"]) <= named:
        faults.append(f"countries are {named}")
    if named & set(expected["not_countries"]):
        faults.append(f"countries of removed lines: {named}")
    if not {tuple(pair) for pair in expected["pairs_at_least"]} <= pairs:
        faults.append(f"pairs are {pairs}")
    return faults


async def _served(article: Article, settings: Settings, environment: Mapping[str, str], tmp_path: Path) -> None:
    """Serve the article and its mutants as one feed, and compare every event."""
    variants = {f"https://daily.example/{n}": pair for n, pair in enumerate(articles.mutants(article))}
    async with site.serve() as newsroom, pipe.running(settings, environment, tmp_path) as running:
        newsroom.documents["/feed"] = site.rss(
            *({"title": variant.title, "link": link, "html": variant.html()} for link, (_, variant) in variants.items())
        )
        await running.poll(newsroom.url("/feed"))
        events = {event["url"]: event for event in await running.events()}
    assert events.keys() == variants.keys()
    faults = {name: found for link, (name, variant) in variants.items() if (found := _faults(variant, events[link]))}
    assert faults == {}


async def test_our_own_article(settings: Settings, environment: dict[str, str], tmp_path: Path) -> None:
    await _served(articles.own(), settings, environment, tmp_path)


@pytest.mark.eval_data
async def test_the_article_that_started_it(
    settings: Settings, environment: dict[str, str], tmp_path: Path, eval_data: Path
) -> None:
    await _served(articles.seed(eval_data), settings, environment, tmp_path)
