"""Which geopolitical topics an item is about: terms, vetoes and genres as data, a calibrated decision."""
