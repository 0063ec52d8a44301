from __future__ import annotations

from collections.abc import Callable

import pytest

from agents.normalise.normalise import Normalised, normalise
from agents.strip.forms import Forms
from agents.strip.load import load_forms
from agents.strip.strip import Stripped, strip

Strip = Callable[..., Stripped]


@pytest.fixture(scope="session")
def forms() -> Forms:
    return load_forms()[0]


@pytest.fixture(scope="session")
def run(forms: Forms) -> Strip:
    """Strip a text, plain or HTML, as the pipe does; whatever it is, the promises about offsets must hold."""

    def run(
        text: str | Normalised, *, title: str = "", language: str = "en", siblings: tuple[str, ...] = ()
    ) -> Stripped:
        source = normalise(text) if isinstance(text, str) else text
        stripped = strip(source, title=title, language=language, siblings=siblings, forms=forms)
        assert rebuilt(stripped) == source.text
        for removed in stripped.removed:
            assert source.text[removed.start : removed.end] == removed.text
        for doubt in stripped.uncertain:
            assert 0 <= doubt.start < doubt.end <= len(stripped.text)
        return stripped

    return run


def rebuilt(stripped: Stripped) -> str:
    """Put every removed text back at its offset."""
    text = stripped.text
    for removed in stripped.removed:
        text = text[: removed.start] + removed.text + text[removed.start :]
    return text
