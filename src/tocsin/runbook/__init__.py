"""The runbook is the program: Markdown that people read, with small blocks that Tocsin follows."""
