"""What the agent knows before it looks: its surroundings, and later instructions and notes."""
