"""A batch as plain arrays: its keys, packing and padding, and the GraphsTuple of it."""
