"""Columns of a table as features: what is learned of them, and the model that takes raw cells."""
