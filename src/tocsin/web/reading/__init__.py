"""What several screens read. A stage's own query is called where it has one; the rest selects from its tables, never writes."""
