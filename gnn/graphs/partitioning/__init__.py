"""Dividing a graph into parts."""
