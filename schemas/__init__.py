"""The events: typed structs, the JSON Schemas generated from them, and examples.

The structs are the contract. ``python -m schemas`` regenerates ``schemas/json``; a test fails where the committed
files differ. Inputs evolve BACKWARD_TRANSITIVE and outputs FULL_TRANSITIVE: fields are added and deprecated, never
renamed, and unknown fields are ignored on reading.
"""
