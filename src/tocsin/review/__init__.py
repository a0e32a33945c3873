"""After service is restored: the blameless postmortem, its artifacts, and the work that comes of it."""
