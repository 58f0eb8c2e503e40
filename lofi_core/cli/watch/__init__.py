"""`status --watch`: the daemon at a glance, for as long as somebody looks."""
