"""What each method does, one class per group; a method's name is its name on the wire."""
