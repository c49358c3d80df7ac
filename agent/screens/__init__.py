"""Who judges words on their way in or out: secrets in them, and instructions they try to give."""
