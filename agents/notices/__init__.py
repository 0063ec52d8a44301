"""Publishers' own notices: a story is corrected, or taken back."""
