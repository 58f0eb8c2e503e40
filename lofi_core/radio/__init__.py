"""Music that does not end: what is made next, what is played until it is there, and who asked for what."""
