"""The keys of a batch that describe its graph, which no feature may be named like."""

GRAPH_KEYS = ("n_node", "n_edge", "edges", "senders", "receivers", "globals")
OPTIONAL_KEYS = ("readout", "readout_mask", "known_labels", "graph_degrees")
RESERVED_KEYS = GRAPH_KEYS + OPTIONAL_KEYS
