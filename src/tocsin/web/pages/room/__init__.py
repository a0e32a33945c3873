"""The incident room: `sources` is what was read, the other modules turn it into blocks, `screen` puts them together."""
