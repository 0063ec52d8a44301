"""Accuracy: the shipped code against labelled data, through the same pure functions as the stream.

``python -m eval`` (or ``make eval``) scores everything it finds below ``GEOWIRE_EVAL_DATA``, prints floor, trivial
baselines, bar and ours, and writes docs/accuracy.md. The data is third-party text: it is read, never copied, and
errors are listed by id.
"""
