"""The terminal itself: how the app stands on it, what it is asked and told."""
