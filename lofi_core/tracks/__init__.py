"""What was made: spooled while it is made, measured, encoded, indexed, found again and exported."""
