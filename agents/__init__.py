"""One room a step of the pipe: identity, normalise, dedupe, strip, classify, publish.

A room's decisions are pure: frozen values in, frozen values out. Where a room has an ``agent.py``, that is the
thin Faust shell around them: decode, decide, encode, send, ack.
"""
