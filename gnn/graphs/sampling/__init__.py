"""Which neighbors a batch holds: sampled, merged, or all of them, a chunk at a time."""
