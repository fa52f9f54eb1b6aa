"""`python -m trato` is the `trato` command."""

from __future__ import annotations

import sys

from trato.cli import main

if __name__ == "__main__":
    sys.exit(main())
