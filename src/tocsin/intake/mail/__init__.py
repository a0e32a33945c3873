"""Alerts by e-mail: what a message says (`message`), by which words or rules it is an alert, and the door it comes in by."""
