"""How things stand, in a line or two."""
