"""Whether this process still wants new work."""

from dataclasses import dataclass


@dataclass(slots=True)
class Lifecycle:
    """Shared by the server, which turns `draining` on, and by everything that answers differently from then on."""

    draining: bool = False
