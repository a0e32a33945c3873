"""What is done to bring the service back: held deploys, flags, decisions with expectation and result."""
