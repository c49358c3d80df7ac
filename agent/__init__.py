"""Who acts: messages, events, the loop, and the furniture it is composed with."""
