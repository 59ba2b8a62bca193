"""Bench: measurements of the runtime, one command each. See README.md."""
