"""The timeline: immutable facts, their chain, and the state that is their fold."""
