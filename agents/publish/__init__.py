"""The decision, put together as the event that consumers read."""
