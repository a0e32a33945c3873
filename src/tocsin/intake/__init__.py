"""Where alerts walk in: a sender's body becomes signals, and is on disk before it is answered with 2xx."""
