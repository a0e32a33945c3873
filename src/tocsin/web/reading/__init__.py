"""What several screens read and no stage owns: names and zones to show."""
