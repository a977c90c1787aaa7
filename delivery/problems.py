"""What stops a command, as the person who called it reads it."""


class DeliveryError(Exception):
    """What a person must know to go on: what failed, with which value, why, and the cure."""


class UsageError(DeliveryError):
    """The command was called wrongly, e.g. with the name of a stack that is not there; nothing was changed."""


class Interruption(KeyboardInterrupt):
    """The command was told to stop, and what it ran has ended. The message says in which state things are left.

    Not an `Exception`: nothing on the way up may take it for a failure that can be mended.
    """
