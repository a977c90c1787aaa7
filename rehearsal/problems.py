"""What keeps a rehearsal from being held at all."""

from collections.abc import Sequence


class RehearsalError(Exception):
    """What a person must know to go on: what failed, with which value, why, and the cure."""


class UsageError(RehearsalError):
    """The rehearsal was called wrongly."""


class NotHeldError(Exception):
    """A step did not hold. The message says what was expected; `lines` are what was seen, the engine's own words."""

    def __init__(self, expectation: str, lines: Sequence[str] = ()) -> None:
        super().__init__(expectation)
        self.lines = tuple(lines)
