"""Programs in this Python, to stand on a test's PATH."""

import shlex
import sys
from pathlib import Path


def install(path: Path, text: str, options: str = "") -> None:
    """Make `path` a program.

    A shell starts it: after `#!` a kernel takes neither a space in Python's path nor one that is long.

    Args:
        path: where; its folder is made if need be.
        text: what it does, in Python.
        options: of Python, such as `-SE` for one that starts quickly.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"#!/bin/sh\n'''exec' {shlex.quote(sys.executable)} {options} \"$0\" \"$@\"\n' '''\n{text}\n", "utf-8"
    )
    path.chmod(0o755)
