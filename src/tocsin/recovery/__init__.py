"""Proof of recovery: checks are sampled, gates open on what was measured, and the watch looks for regression."""
