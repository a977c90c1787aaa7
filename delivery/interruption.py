"""Being told to stop while the engine runs."""

import signal
import subprocess
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Relay:
    """While it is entered, whatever tells this process to stop is passed to a child as the interrupt that it knows.

    The first makes the engine finish what it has begun and release its lock, the second makes it stop at once. Either
    way this process stays until the engine has ended, so that none runs unattended. The child is in a process group of
    its own: on a terminal it would otherwise get Ctrl-C twice, and take the second for the order to stop at once.

    Args:
        say: where to say what was done with it.
        told: called with the child's process id once it has been told.
    """

    def __init__(self, say: Callable[[str], None], told: Callable[[int], None]) -> None:
        self._say, self._told = say, told
        self._child: subprocess.Popen[str] | None = None
        self._before: dict[signal.Signals, Any] = {}
        self.received = 0

    def watch(self, child: subprocess.Popen[str]) -> None:
        """Pass to `child` what came and what comes."""
        self._child = child
        if self.received:
            self._tell(child)

    def __enter__(self) -> Self:
        # Elsewhere Python lets nobody handle signals, and none arrives.
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                self._before[number] = signal.signal(number, self._pass)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pass(self, _: int, __: FrameType | None) -> None:
        self.received += 1
        if self._child is not None:
            self._tell(self._child)
        self._say(
            "Interrupted: the engine finishes what it has begun and releases its lock. "
            "Once more stops it at once, and may leave operations pending."
            if self.received == 1
            else "Interrupted again: the engine stops at once."
        )

    def _tell(self, child: "subprocess.Popen[str]") -> None:
        # `send_signal` looks first whether it still runs.
        child.send_signal(signal.SIGINT)
        self._told(child.pid)
