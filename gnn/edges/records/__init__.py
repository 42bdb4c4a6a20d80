"""From logs, whatever they are given as, to records as plain arrays, read chunk by chunk."""
