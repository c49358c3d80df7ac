"""Those who are heard after the validators, and may take their time."""
