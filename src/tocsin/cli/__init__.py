"""The command line: it translates and calls the API; what must work in an outage is in `offline/`."""
