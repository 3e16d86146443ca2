"""Law 1, invisible: a function gives the same bytes with and without the layer, whatever it does."""
