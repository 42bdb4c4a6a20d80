"""What models say of all nodes of a graph, exactly and in bounded memory."""
