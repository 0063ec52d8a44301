"""A flame graph of the worker under load: where its time goes. ``python -m bench.flame``: docs/figures/worker.svg."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.end_to_end import HOSTS, broker, measure_load, place, send
from tests.processes import Part

_SVG = Path(__file__).parents[1] / "docs" / "figures" / "worker.svg"
_RECORDS = 20_000
_PY_SPY = Path(sys.executable).with_name("py-spy")


def main() -> None:
    """Send a load through one worker and sample its stacks a hundred times a second."""
    with tempfile.TemporaryDirectory() as name, broker(Path(name) / "kafka") as kafka:
        environment = place(kafka, Path(name))
        with Part(*HOSTS["worker"], environment=environment, log=Path(name) / "worker.log") as worker:
            send(environment, [worker], count=500, rate=1_000, first=0)
            command = [str(_PY_SPY), "record", "--rate", "100", "--output", str(_SVG), "--pid", str(worker.process.pid)]
            with subprocess.Popen(command) as sampling:
                run = measure_load(kafka, "worker", environment, [worker], count=_RECORDS, rate=4_000, first=500)
                sampling.send_signal(signal.SIGINT)
            print(f"{run.events_per_second:,.0f} events/s while it was sampled; {_SVG}")


if __name__ == "__main__":
    main()
