"""Who moves a job: the supervised pieces of a worker, one duty a file."""
