"""Model files: download, verify, keep in memory."""
