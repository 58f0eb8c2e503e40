"""The wire: frames → messages → methods → handlers, over a Unix socket."""
