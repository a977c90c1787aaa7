"""Where delivery speaks."""

import threading
from collections.abc import Iterable
from typing import TextIO

from delivery.redaction import Redactor
from offline.plain import plain


class Console:
    """Where delivery speaks: every line goes through the redactor. To be used from any thread.

    Args:
        out: for what is done.
        err: for warnings and errors.
        redact: takes the secrets out.
    """

    def __init__(self, out: TextIO, err: TextIO, redact: Redactor) -> None:
        self._out, self._err, self._redact = out, err, redact
        self._lock = threading.Lock()

    def hide(self, secrets: Iterable[str]) -> None:
        """Take these out as well from now on."""
        self._redact = self._redact.and_also(secrets)

    def redacted(self, text: str) -> str:
        """`text` without secrets, for what is written elsewhere, e.g. into a comment or a file."""
        return self._redact(text)

    def say(self, line: str) -> None:
        """What is done, or what was found."""
        self._write(self._out, line)

    def warn(self, line: str) -> None:
        """What does not stop the command, and should be known."""
        self._write(self._err, f"warning: {line}")

    def fail(self, message: str) -> None:
        """Why the command stops."""
        self._write(self._err, f"error: {message}")

    def _write(self, stream: TextIO, text: str) -> None:
        # Before anything is changed: a secret is found only as it is.
        shown = plain("\n".join(self._redact(text).splitlines()))
        # A runner of GitHub takes these for commands, the second one anywhere in a line; what engines and pods say must
        # not be one.
        told = (line.replace("##[", "## [") for line in shown.split("\n"))
        safe = "\n".join(f"| {line}" if line.lstrip().startswith("::") else line for line in told)
        # What a stream cannot write must not cost the whole message.
        encoding = getattr(stream, "encoding", None) or "utf-8"
        with self._lock:
            try:
                stream.write(safe.encode(encoding, "backslashreplace").decode(encoding) + "\n")
                stream.flush()
            except (OSError, ValueError):
                # Nobody listens any more, e.g. after a cancelled run; what was begun must still be brought to its end.
                pass
