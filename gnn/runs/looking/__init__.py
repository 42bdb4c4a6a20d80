"""A report of a run: one HTML file to look at, with a map of its embedding."""
