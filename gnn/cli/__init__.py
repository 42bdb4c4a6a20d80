"""The command `gnn`: it parses, calls one function of `gnn.runs`, and prints."""
