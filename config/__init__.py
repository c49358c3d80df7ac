"""What the agent is told to be."""
