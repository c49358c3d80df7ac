"""The session at which a person sits, without a screen."""
