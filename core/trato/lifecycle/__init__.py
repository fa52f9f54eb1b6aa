"""Beginning and end: founding a tenant, archiving and deleting it, purging a plugin's data."""
