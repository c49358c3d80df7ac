"""Where a person is asked: questions of the gate, and plans."""
