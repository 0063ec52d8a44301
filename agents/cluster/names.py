"""The streams that the cluster agent reads and writes: names alone, for whoever needs no more of it."""

from __future__ import annotations

SIGNATURES = "news.signatures"
STORIES = "news.stories"
CHANGELOG = "geowire-cluster-changelog"
