"""How much attention topics, countries and pairs get, hour by hour: counted from news.enriched onto news.stats."""
