"""The interactive terminal: a Textual application over the same stream as every other surface."""
