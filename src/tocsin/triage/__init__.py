"""What is seen, whom it hits, what changed before, and what must be kept."""
