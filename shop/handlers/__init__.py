"""Who runs the shop's jobs."""
