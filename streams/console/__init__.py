"""The console: what the stream does, in a browser. Pages and data over HTTP, read from Kafka itself."""
