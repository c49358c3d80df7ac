"""Who judges what is about to happen: validators, and what stands in for an absent person."""
