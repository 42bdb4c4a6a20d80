"""From records of sessions to pairs of items, and to those that are edges."""
