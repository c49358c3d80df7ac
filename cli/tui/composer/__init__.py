"""Where a person writes: the prompt, and all that helps to fill it."""
