"""Wire copies and rewrites of one report as one story: signatures, the predicate on two of them, the components."""
