"""The JSON API: it parses, calls the stage's use case, and answers; no rule lives here. See docs/api.md."""
