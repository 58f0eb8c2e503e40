"""The daemon's log: how a line is written, where it is kept, and how it is read again."""
