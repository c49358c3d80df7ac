"""The session line by line, without a screen."""
