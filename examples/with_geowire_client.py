"""geowire-client: keeps what stands of events about sanctions or diplomacy in SQLite; its state is a file beside it.

python with_geowire_client.py
"""

import asyncio
import os
import sqlite3

import geowire

DATABASE = os.environ.get("DATABASE", "client.db")
NAMESPACE = os.environ.get("GEOWIRE_NAMESPACE", "")


async def main() -> None:
    database = sqlite3.connect(DATABASE)
    database.execute("CREATE TABLE IF NOT EXISTS events (item_id TEXT PRIMARY KEY, id TEXT, title TEXT, story TEXT)")
    events = geowire.subscribe(
        topics=["sanctions", "diplomacy"],
        state=f"{DATABASE}.state",
        start="beginning",
        stories=True,
        namespace=NAMESPACE,
    )
    async for event in events:
        with database:
            if event.gone:
                database.execute("DELETE FROM events WHERE item_id = ?", (event.item_id,))
            else:
                row = (event.item_id, event.id, event.title, event.story)
                database.execute("INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?)", row)


asyncio.run(main())
