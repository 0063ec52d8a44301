"""What many begin with: a loop of requests and feedparser. ``python -m bench.polling.plain PORT FEEDS 304|full``."""

from __future__ import annotations

import io
import json
import sys
import time

import feedparser
import requests

from bench.polling.poller import feeds


def _run(port: int, count: int, *, conditional: bool) -> dict[str, float]:
    etags: dict[str, str] = {}
    session = requests.Session()
    listed = feeds(port, count)
    if conditional:
        for feed in listed:
            etags[feed.url] = session.get(feed.url, timeout=30).headers["ETag"]
    started, used, items = time.monotonic(), time.process_time(), 0
    for feed in listed:
        headers = {"If-None-Match": etags[feed.url]} if conditional else {}
        answer = session.get(feed.url, headers=headers, timeout=30)
        if answer.status_code == requests.codes.ok:
            items += len(feedparser.parse(io.BytesIO(answer.content)).entries)
    took = time.monotonic() - started
    return {
        "polls": count,
        "items": items,
        "seconds": round(took, 2),
        "polls_per_second": round(count / took, 1),
        "cpu_ms_per_poll": round((time.process_time() - used) * 1000 / count, 2),
    }


if __name__ == "__main__":
    print(json.dumps(_run(int(sys.argv[1]), int(sys.argv[2]), conditional=sys.argv[3] == "304")))
