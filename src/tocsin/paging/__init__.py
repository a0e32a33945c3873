"""From something that needs a person to that person: pages, how they climb, and how people are reached."""
