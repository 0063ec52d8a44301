"""How the generated tables of the gazetteer come about."""
