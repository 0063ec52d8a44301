"""Fit the coefficients of agents/classify/topics/decision.yaml on the evaluation data, and write them.

Run ``GEOWIRE_EVAL_DATA=… .venv/bin/python -m tools.fit_topics``; ``make eval ONLY=topics`` then says how good they are,
by coefficients fitted without the outlets they are measured on. Only the coefficients of some twenty named features
come out of the data, no text. The thresholds in the file stay as they are.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from agents.classify.topics.features import ITEM_FEATURES, TOPIC_FEATURES
from eval.data import knowledge
from eval.topic_fit import fitted
from eval.topic_items import items_of

_DECISION = Path(__file__).parent.parent / "agents/classify/topics/decision.yaml"


def main() -> None:
    """Fit and write."""
    decision = fitted(items_of(Path(os.environ["GEOWIRE_EVAL_DATA"])), knowledge().topics.decision)
    content = yaml.safe_load(_DECISION.read_text("utf-8"))
    head = [line for line in _DECISION.read_text("utf-8").splitlines() if line.startswith("#")]
    content["geopolitical"] = dict(zip(ITEM_FEATURES, (round(c, 3) for c in decision.item), strict=True))
    content["topic"] = dict(zip(TOPIC_FEATURES, (round(c, 3) for c in decision.topic), strict=True))
    _DECISION.write_text("\n".join([*head, yaml.safe_dump(content, sort_keys=False)]), "utf-8")
    print(_DECISION.read_text("utf-8"))


if __name__ == "__main__":
    main()
