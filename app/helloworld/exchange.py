"""What there is to say about one answered request."""

from typing import NamedTuple


class Exchange(NamedTuple):
    """A request and its answer, as logs and metrics see them; `route` is a template, `path` is what was asked for."""

    request_id: str
    method: str
    path: str
    route: str
    status: int
    seconds: float
