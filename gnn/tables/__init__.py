"""Tables in files and in memory, read in chunks: cells, and what is wrong with which row."""
