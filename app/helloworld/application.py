"""Puts the ASGI application together."""

from starlette.routing import Route, Router
from starlette.types import ASGIApp

from helloworld import endpoints
from helloworld.guard import Guard
from helloworld.lifecycle import Lifecycle
from helloworld.logs import AccessLog
from helloworld.metrics import Metrics
from helloworld.observe import Observe
from helloworld.settings import Settings
from helloworld.state.stores import Stores


def create_app(
    settings: Settings, lifecycle: Lifecycle, access_log: AccessLog, metrics: Metrics, stores: Stores
) -> ASGIApp:
    """Return the application: Starlette's router, without the middleware that `Starlette` always adds around it."""
    handlers: dict[str, endpoints.Handler] = {
        "/": endpoints.greeting(settings, stores),
        "/healthz": endpoints.healthz,
        "/readyz": endpoints.readyz(lifecycle),
        "/version": endpoints.version(settings),
        "/metrics": endpoints.metrics_text(metrics),
    }
    router = Router(
        routes=[Route(path, endpoints.Endpoint(handler)) for path, handler in handlers.items()],
        redirect_slashes=False,
        default=endpoints.not_found,
    )
    return Observe(Guard(router), lifecycle, metrics, access_log)
