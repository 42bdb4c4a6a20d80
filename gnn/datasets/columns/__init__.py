"""The columns of a table of nodes: what they hold by their names and their cells, and as arrays."""
