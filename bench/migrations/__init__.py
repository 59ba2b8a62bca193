"""The bench brings no tables of its own."""
