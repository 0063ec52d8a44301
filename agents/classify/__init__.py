"""What an item is about: geopolitical or not, topics, countries, places, actors, pairs."""
