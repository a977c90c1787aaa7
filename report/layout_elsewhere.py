"""The picture of a stack whose cluster another stack has made, or nobody here."""

from report.architecture import Architecture
from report.canvas import Canvas
from report.layout_places import VPC_WIDTH, VPC_X, Placed
from report.layout_pods import Pods
from report.parties import BALANCER
from report.shapes import Box

INSET, ROW = 16.0, 44.0


def place(canvas: Canvas, architecture: Architecture, top: float, internet: Box | None) -> Placed:
    """Put the cluster, with the release in it, onto the canvas, its upper edge at `top`."""
    y, back = top + 34, len(canvas.boxes)
    left, right = VPC_X + INSET, VPC_X + VPC_WIDTH - INSET
    balancer, listener = None, architecture.listener
    if listener:
        balancer = canvas.part(left, y, right - left, ROW, "edge", "Application Load Balancer", [listener.ports])
        y = balancer.bottom + 34
    pods = Pods(canvas, architecture, left, right, y)
    nodes = pods.place(None, (), head=10)
    frames = Canvas()
    owner = "Cluster that another stack has made" if architecture.region else "Cluster of kubectl's current context"
    frames.frame(VPC_X, top, VPC_WIDTH, nodes.bottom + 16 - top, "frame", owner)
    canvas.boxes[back:back] = frames.boxes
    if balancer and internet and listener:
        x = internet.x + internet.width * 0.75
        canvas.arrow([(x, internet.bottom), (x, balancer.y)], f"callers to the balancer: {listener.ports}")
    if balancer and pods.served and any(talk.source == BALANCER for talk in architecture.talks):
        x = VPC_X + VPC_WIDTH / 2
        canvas.arrow([(x, balancer.bottom), (x, pods.served.y)], pods.served_about)
    return Placed(nodes.bottom + 16, nodes)
