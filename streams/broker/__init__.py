"""Kafka: an external one where the settings name it, otherwise an embedded real one. There is no fake."""
