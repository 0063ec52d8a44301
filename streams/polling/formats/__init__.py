"""The formats of feeds: RSS, RDF, Atom, JSON Feed and news sitemaps, well-formed or not, read into the same entries."""
