"""A story that plays by itself: a small shop, its bad deploy, and everything that follows until the postmortem."""
