"""The player: a process of its own that turns track files into sound. The daemon holds a `handle.Player`."""
