"""Adversarial regularization, and attacks on trained models."""
