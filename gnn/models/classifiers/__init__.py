"""The family of graph networks that classify nodes."""
