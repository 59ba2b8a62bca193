"""What a job is: data and pure decisions. No I/O, no trio, no clock."""
