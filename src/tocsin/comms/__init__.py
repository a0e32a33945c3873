"""Telling people: internal updates, the status page, their clocks, and who else is called in."""
