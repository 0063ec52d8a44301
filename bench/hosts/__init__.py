"""The same pure functions under other frameworks: identical streams, hops and outputs, at least once."""
