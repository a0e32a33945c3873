"""Who is on call when, and whom a page climbs to."""
