"""Where each part of an architecture stands in its picture: pure, and the same each time.

Requests come in at the top and flow down; what AWS runs outside the VPC stands at the right. Arrows keep to lanes at
the sides of the zones, where there is no text.
"""

from dataclasses import replace

from report import layout_vpc
from report.architecture import Architecture, Thing
from report.layout_places import EDGE, GUTTER, RIGHT_WIDTH, RIGHT_X, TOP, VPC_WIDTH, VPC_X, Placed
from report.layout_pods import Pods
from report.parties import ANYONE, BALANCER, BY_PEERING, NODES, PLANE, Talk, ports, words
from report.shapes import LINE, Box, Canvas, Picture

OUTSIDE_HEIGHT = 56.0
INSET, ROW = 16.0, 44.0


def layout(architecture: Architecture) -> Picture:
    """The picture of an architecture."""
    canvas = Canvas()
    internet = _outside(canvas, architecture)
    # Nobody outside: no row for them.
    top = TOP if internet or architecture.plane else EDGE
    if architecture.network:
        placed = layout_vpc.place(canvas, architecture, architecture.network, top + 32, internet)
    else:
        placed = _elsewhere(canvas, architecture, top + 32, internet)
    bottom = max(placed.bottom, _services(canvas, architecture, placed, top + 32)) + 16
    width = max(box.right for box in canvas.boxes) + EDGE + 16
    canvas.frame(EDGE, top, width - 2 * EDGE, bottom - top, _region(architecture), behind=0)
    if canvas.arrows:
        canvas.label(EDGE, bottom + 20, _legend(canvas), width - 2 * EDGE)
        bottom += 14
    title = f"Architecture of {architecture.project}, stack {architecture.stack}"
    return canvas.picture(title, _description(architecture), width, bottom + EDGE)


def _legend(canvas: Canvas) -> str:
    dashed = " Dashed: asks for the address." if any(arrow.dashed for arrow in canvas.arrows) else ""
    return f"An arrow points from who may open a connection to whom.{dashed}"


def _elsewhere(canvas: Canvas, architecture: Architecture, top: float, internet: Box | None) -> Placed:
    """The cluster that is not of this stack, with the release in it, its upper edge at `top`."""
    y, first = top + 34, len(canvas.boxes)
    left, right = VPC_X + INSET, VPC_X + VPC_WIDTH - INSET
    balancer, listener = None, architecture.listener
    if listener:
        balancer = canvas.part(left, y, right - left, ROW, "edge", "Application Load Balancer", [listener.ports])
        y = balancer.bottom + 34
    pods = Pods(canvas, architecture, left, right, y)
    nodes = pods.place(None, ())
    owner = "Cluster that another stack has made" if architecture.region else "Cluster of kubectl's current context"
    canvas.frame(VPC_X, top, VPC_WIDTH, nodes.bottom + 16 - top, owner, behind=first)
    if balancer and internet and listener:
        x = internet.x + internet.width * 0.75
        canvas.arrow([(x, internet.bottom), (x, balancer.y)], f"callers to the balancer: {listener.ports}")
    if balancer and pods.served and any(talk.source == BALANCER for talk in architecture.talks):
        x = VPC_X + VPC_WIDTH / 2
        canvas.arrow([(x, balancer.bottom), (x, pods.served.y)], pods.served_about)
    return Placed(nodes.bottom + 16, nodes)


def _region(architecture: Architecture) -> str:
    return f"AWS region {architecture.region}" if architecture.region else "This machine"


def _outside(canvas: Canvas, architecture: Architecture) -> Box | None:
    """Who calls from outside, and how they find the way."""
    address, internet = architecture.address, None
    if _leaves_or_enters(architecture):
        width = VPC_WIDTH * 0.55 if address else VPC_WIDTH
        internet = canvas.part(VPC_X, 16, width, OUTSIDE_HEIGHT, "outside", "Internet", _callers(architecture))
    if address and internet:
        left = internet.right + 56
        site = canvas.part(left, 16, VPC_X + VPC_WIDTH - left, OUTSIDE_HEIGHT, "part", address.title, address.lines)
        middle = 16 + OUTSIDE_HEIGHT / 2
        canvas.arrow([(internet.right, middle), (site.x, middle)], "asks for the address", dashed=True)
    return internet


def _leaves_or_enters(architecture: Architecture) -> bool:
    # An Ingress says that requests come; without a network of its own, nothing else is known to.
    return architecture.network is not None or architecture.listener is not None


def _callers(architecture: Architecture) -> list[str]:
    named = [talk.source.label for talk in architecture.talks if talk.target == BALANCER and talk.source != ANYONE]
    return [f"callers from {', '.join(named)}"] if named else []


def _services(canvas: Canvas, architecture: Architecture, placed: Placed, y: float) -> float:
    """The column at the right, from `y` on; returns where it ends."""
    if architecture.plane:
        y = _plane(canvas, architecture, architecture.plane, y, placed)
    reached = _reached(architecture)
    # The first way out turns last: so no two of them cross.
    lane = GUTTER + 14 + 10 * len(reached)
    for thing, about in reached:
        box = canvas.part(RIGHT_X, y, RIGHT_WIDTH, 44, "edge", thing.title, thing.lines)
        if placed.nodes:
            start, lane = placed.next_exit(), lane - 10
            points = [(placed.nodes.right, start), (lane, start), (lane, y + 22), (box.x, y + 22)]
            canvas.arrow(points, about)
        y = box.bottom + 10
    for thing in architecture.services:
        box = canvas.part(RIGHT_X, y, RIGHT_WIDTH, 14 + LINE * (1 + len(thing.lines)), "part", thing.title, thing.lines)
        y = box.bottom + 10
    return y - 10


def _plane(canvas: Canvas, architecture: Architecture, plane: Thing, y: float, placed: Placed) -> float:
    least = 24 + LINE * (1 + len(plane.lines))
    # It reaches down beside the nodes, so that the way between the two is level.
    height = max(least, placed.nodes.y + 36 - y) if placed.nodes else least
    box = canvas.part(RIGHT_X, y, RIGHT_WIDTH, height, "part", plane.title, plane.lines)
    if callers := [talk for talk in architecture.talks if talk.target == PLANE and talk.source != NODES]:
        names = ["any address" if talk.source == ANYONE else talk.source.label for talk in callers]
        at_top = canvas.part(RIGHT_X, 16, RIGHT_WIDTH, OUTSIDE_HEIGHT, "outside", "Kubernetes clients", names)
        middle = box.x + box.width - 40
        canvas.arrow([(middle, at_top.bottom), (middle, box.y)], words(callers))
        canvas.label_before(middle - 10, at_top.bottom + 26, ports(callers), middle - 20 - RIGHT_X)
    if placed.nodes:
        level = placed.nodes.y + 18
        between = [talk for talk in architecture.talks if {talk.source, talk.target} == {NODES, PLANE}]
        canvas.arrow([(placed.nodes.right, level), (box.x, level)], words(between), both=len(between) > 1)
        canvas.label(GUTTER + 8, level - 6, ports(between), RIGHT_X - GUTTER - 16)
    return box.bottom + 10


def _reached(architecture: Architecture) -> list[tuple[Thing, str]]:
    """What nodes or pods reach outside the VPC otherwise than by its gateways, with what lets them."""
    found: dict[str, tuple[Thing, list[Talk]]] = {}
    for talk in architecture.talks:
        sort, key = talk.target.sort, talk.target.key
        if talk.source.sort in ("nodes", "pods") and sort in ("service", "networks"):
            title = f"{key.rpartition('.')[2].upper()} by VPC endpoint" if sort == "service" else "Other network"
            found.setdefault(f"{sort}{key}", (Thing(title, [key]), []))[1].append(talk)
    return [(_peered(thing, talks), words(talks)) for thing, talks in found.values()]


def _peered(thing: Thing, talks: list[Talk]) -> Thing:
    return replace(thing, title="Peered VPC") if any(talk.because == BY_PEERING for talk in talks) else thing


def _description(architecture: Architecture) -> str:
    told = (f"{talk.source.label} to {talk.target.label} ({talk.ports})" for talk in architecture.talks)
    said = "; ".join(dict.fromkeys(told))
    return f"Who may open connections to whom: {said}." if said else "No part of it may talk to another."
