"""What was said and done, on the screen."""
