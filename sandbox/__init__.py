"""Where actions happen."""
