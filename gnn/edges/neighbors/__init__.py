"""Nearest neighbors among vectors: exact, or approximate with a measured recall."""
