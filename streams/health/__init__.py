"""Whether this process still does its work: a watchdog and a small HTTP server, in a thread of their own."""
