"""Says of an error what a person needs who can only read the log."""

_REASON_LENGTH = 300


def reason(error: BaseException) -> str:
    """The error's class, and the first line of what it says. A time limit says nothing of itself."""
    text = next(iter(str(error).splitlines()), "")[:_REASON_LENGTH]
    if not text and isinstance(error, TimeoutError):
        text = "no answer in time"
    return f"{type(error).__name__}: {text}"
