"""What plays, what comes next, and how the player is told of it."""
