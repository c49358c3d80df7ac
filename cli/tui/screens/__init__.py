"""What covers the transcript for a while: pickers and views."""
