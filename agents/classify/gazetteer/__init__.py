"""Countries, places, actors and country pairs: who and where an item is about."""
