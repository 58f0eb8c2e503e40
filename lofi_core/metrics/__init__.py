"""What a monitoring system is told of the daemon."""
