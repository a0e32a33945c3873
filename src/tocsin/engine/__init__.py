"""Deadlines, tasks and deliveries: rows fired by one loop that wakes on work."""
