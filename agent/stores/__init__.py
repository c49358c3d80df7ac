"""Where the facts of a session are kept."""
