"""Models: one adapter per wire, and the layers around them."""
