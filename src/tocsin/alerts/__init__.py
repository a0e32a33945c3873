"""Signals become episodes, episodes become groups, and a group says whether somebody must be paged for it."""
