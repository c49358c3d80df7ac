"""Who is spoken to: the command line and its surfaces."""
