"""Engine, transactions, column types and migrations. Knows tenants only as a number."""
