"""``python -m tests.chaos``: what ``make chaos`` runs. Exit code 1 where the books do not balance."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from streams.broker.embedded import EmbeddedKafka
from streams.settings import Settings
from tests.chaos.run import Outcome, Plan, run

_MOST_MINUTES = 15.0
"""With what comes after it stays below 20 where the machine does nothing else."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0, help="how long faults come (at most 15)")
    options.add_argument("--seed", type=int, default=1, help="of all that is drawn at random")
    options.add_argument("--json", type=Path, help="write what came of it there")
    options.add_argument("--keep", type=Path, help="keep logs and data in this directory")
    given = options.parse_args()
    if not 0 < given.minutes <= _MOST_MINUTES:
        options.error(f"--minutes: more than 0, {_MOST_MINUTES:g} at most")
    directory = given.keep or Path(tempfile.mkdtemp(prefix="geowire-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)  # it says every attempt to reach a Kafka that is gone
    plan = Plan(seconds=60 * given.minutes, seed=given.seed)
    settings = Settings.from_env(
        {
            "GEOWIRE_DATA_DIR": str(directory / "broker"),
            "GEOWIRE_BROKER_PORT": "0",
            "GEOWIRE_CACHE_DIR": os.environ.get("GEOWIRE_CACHE_DIR", ""),
        }
    )
    with EmbeddedKafka(settings) as kafka:
        outcome = asyncio.run(run(plan, kafka, directory, lambda line: print(line, flush=True)))
    show(outcome)
    if given.json:
        found = {"date": datetime.now(UTC).date().isoformat(), **msgspec.to_builtins(outcome)}
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
    if outcome.wrong:
        print(f"logs and data: {directory}")
        return 1
    if not given.keep:
        shutil.rmtree(directory)
    return 0


def show(outcome: Outcome) -> None:
    for title, rows in (("fault", outcome.done), ("records on", outcome.records)):
        print(f"\n{title}")
        for name, count in rows.items():
            print(f"  {name:<28}{count:>9,}")
    for name, reason in outcome.skipped.items():
        print(f"  skipped: {name}: {reason}")
    print(f"\nhow processes ended: {outcome.ends}")
    print(f"nothing was left to do {outcome.settled_seconds} s after the last fault")
    print(f"geowire audit: {outcome.books}")
    for wrong in outcome.wrong[:20]:
        print(f"! {wrong}")
    print(f"\n{len(outcome.wrong)} wrong" if outcome.wrong else "\nthe books balance")


if __name__ == "__main__":
    sys.exit(main())
