"""How much is written into the log groups, and what it costs.

Nobody can know it before: what is assumed, and where it comes from, is in `prices.json`. Most of it is the API server's
audit trail.
"""

from cost.context import CLUSTER, Context, Line, number
from cost.model import DAYS, Load
from cost.prices import NoPriceError, assumed
from offline.plan import Resource

FLOW_LOG = "aws:ec2/flowLog:FlowLog"
BY_API = ("api", "audit")
CONTAINERS = "/aws/containerinsights/"
PERFORMANCE = "/performance"


def taken_in(group: Resource, context: Context) -> Line | None:
    """Taking in what is written, and keeping it, compressed, for the days that the group keeps it."""
    name = str(group.inputs.get("name"))
    if name.endswith(PERFORMANCE) and name.startswith(CONTAINERS):
        return None
    idle, loaded = (_gigabytes(name, context, load) for load in context.loads)
    if not loaded:
        return None
    prices, days = context.prices(group), number(group.inputs.get("retentionInDays"), "retentionInDays")
    share = assumed("log_kept_share")
    price = prices.of("log_gb") + share * prices.of("log_kept_gb") * days / DAYS
    amount = f"{idle:.3g}" if idle == loaded else f"{idle:.3g} to {loaded:.3g}"
    basis = (
        f"{amount} GB × ({prices.of('log_gb'):g} + {days:g} days of {share:g} at {prices.of('log_kept_gb'):g} a month)"
    )
    return Line("logs", idle * price, loaded * price, basis)


def container_gigabytes(context: Context, load: Load) -> float:
    """GB a month that containers and nodes write into CloudWatch."""
    if not context.container_logs:
        return 0
    return _of_nodes(context, load) + _of_service(load)


def _of_nodes(context: Context, load: Load) -> float:
    return context.nodes_under(load) * float(assumed("container_log_gb_per_node"))


def _of_service(load: Load) -> float:
    return load.gigabytes(assumed("log_bytes_per_request") / 1000)


def _gigabytes(name: str, context: Context, load: Load) -> float:
    if name.startswith(CONTAINERS):
        # Lines of the service go to `application`; what nodes write themselves is halved between the other two.
        return _of_service(load) if name.endswith("/application") else _of_nodes(context, load) / 2
    nodes = context.nodes_under(load)
    if name.startswith("/aws/eks/"):
        types = [
            str(kind) for each in context.plan.of(CLUSTER) for kind in each.inputs.get("enabledClusterLogTypes") or ()
        ]
        by_api = nodes * assumed("api_and_audit_gb_per_node") * any(each in BY_API for each in types)
        return float(by_api + assumed("other_control_plane_gb") * len([each for each in types if each not in BY_API]))
    if any(name in str(each.inputs.get("logDestination")) for each in context.plan.of(FLOW_LOG)):
        return float(nodes * assumed("flow_log_gb_per_node"))
    raise NoPriceError("how much will be written to it is not known")
