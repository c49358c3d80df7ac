"""Slash commands: the built-in ones, and those from Markdown files."""
