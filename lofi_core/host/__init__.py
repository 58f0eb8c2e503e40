"""A backend in a process of its own: what it takes goes with it, and so does what it breaks.

`process` starts and ends one, `model` is what the daemon holds of it, `guest` is what runs inside.
"""
