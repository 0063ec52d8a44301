"""The embedded broker's own decisions; what it does is in the integration tests."""

from __future__ import annotations

from uuid import UUID

import pytest

from streams.broker import embedded


def test_no_cluster_id_looks_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([UUID(int=0xF8 << 120), UUID(int=0xFB << 120), UUID(int=1)])
    monkeypatch.setattr(embedded, "uuid4", lambda: next(drawn))
    assert embedded._cluster_id() == "AAAAAAAAAAAAAAAAAAAAAQ"
