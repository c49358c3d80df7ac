"""What is shown: events folded to blocks, blocks rendered to lines. Pure."""
