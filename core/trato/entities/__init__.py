"""Kinds of records: their base class, fields, folding of text, and a tenant's view of them."""
