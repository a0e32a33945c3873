"""The response itself: declared, staffed, moved through its phases."""
