"""The pipes: stream table, broker, Faust app, feed polling, command line.

Everything here is wiring. What is decided about an item is decided in ``agents``, by functions that know
neither Kafka nor Faust; what an event looks like is written in ``schemas``.
"""
