"""The command `gnn`, as `python -m gnn`."""

from __future__ import annotations

import sys

from gnn.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
