"""The read path and the write path: the only ways to a tenant's records."""
