"""The command `gnn`: it parses, calls one function of `gnn.training`, and prints."""
