"""New plugins: `trato plugin new` writes one whose tests pass as they are written."""
