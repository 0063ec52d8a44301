"""Who an item is: canonical address, item id, content hash, event id. Computed before keying, never changed."""
