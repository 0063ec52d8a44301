"""What ``--help`` and docs/cli.md have in common: examples, and names that a shell completes."""

from __future__ import annotations

_HEAD = "Examples"


def examples(*lines: str) -> str:
    """Return the epilog of a command: one example a line, what it does behind a ``#``.

    Typer joins what stands on lines of one paragraph, so each example is a paragraph.
    """
    return "\n\n".join((_HEAD, *lines))


def listed(epilog: str | None) -> list[str]:
    """Return the examples of an epilog."""
    head, *lines = (epilog or "").split("\n\n")
    return lines if head == _HEAD else []


def complete_stream(incomplete: str) -> list[str]:
    """Return the streams whose names begin so."""
    from streams.table import STREAMS

    return [stream.name for stream in STREAMS if stream.name.startswith(incomplete)]


def complete_topic(incomplete: str) -> list[str]:
    """Return the topics whose ids begin so, those of the operator's knowledge included."""
    from agents.classify.topics.catalogue import topic_ids
    from streams.settings import Settings

    return [topic for topic in topic_ids(Settings.from_env().knowledge_dir) if topic.startswith(incomplete)]
