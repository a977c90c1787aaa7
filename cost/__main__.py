"""The command line: `python -m cost` prints the tables that README.md and docs/cost.md have to have."""

import signal
import sys
from pathlib import Path

from cost import tables

PROJECT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Print both tables."""
    planned = tables.evaluator(PROJECT)
    for title, table in (("README.md", tables.stacks_table), ("docs/cost.md", tables.settings_table)):
        sys.stdout.write(f"{title}\n\n{table(planned)}\n\n")
    return 0


if __name__ == "__main__":
    # The reader, e.g. `head`, may have seen enough.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
