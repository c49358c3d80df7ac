"""What a person can look up about the session and around it, as values without a screen."""
