"""geowire's own worker without the cluster agent, which the other hosts do not have either."""

from __future__ import annotations

from streams.app import app
from streams.settings import Settings
from streams.worker import work

if __name__ == "__main__":
    del app.agents["cluster"]
    work(Settings.from_env())
