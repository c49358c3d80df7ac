"""What is judged before it happens."""
