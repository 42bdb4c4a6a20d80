"""Graphs in folders of .npy files, read where they lie and written chunk by chunk."""
