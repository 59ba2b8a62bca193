"""The job tables: plain functions of a transaction, their SQL in `.sql` files."""
