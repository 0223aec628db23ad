"""`python -m sentinel_mcp.cli`."""

import sys

from sentinel_mcp.cli import main

if __name__ == "__main__":
    sys.exit(main())
