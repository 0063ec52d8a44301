"""Events for others than Kafka consumers: excerpts, feeds, ninjs, CSV. Pure; who serves or writes them is elsewhere."""
