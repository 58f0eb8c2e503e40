"""Media keys and desktop widgets: the playback as an MPRIS player on the session bus of D-Bus."""
