"""Two dialects, one face: `Database.read(fn)` and `Database.write(fn)`."""
