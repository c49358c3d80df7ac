"""The keys of vi for a text, without a screen."""
