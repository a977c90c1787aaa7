"""The VPC in a picture: a column for each zone, a row for each tier of subnets, and what stands in them."""

from collections.abc import Sequence

from report.architecture import Architecture, Nodes
from report.layout_places import LANE, VPC_WIDTH, VPC_X, Placed
from report.layout_pods import Pods
from report.network import SUBNET_KINDS, Network, Tier
from report.parties import BALANCER, BY_GATEWAY
from report.shapes import SIZE, Box, Canvas, Text
from report.stores import Store
from report.widths import fitted

INSET, GAP = 16.0, 12.0
GATEWAY, ZONE_HEAD, TIER_HEAD, ROW = 30.0, 26.0, 42.0, 40.0


def place(canvas: Canvas, architecture: Architecture, network: Network, top: float, internet: Box | None) -> Placed:
    """Put the VPC onto the canvas, its upper edge at `top`, below the box that the internet is."""
    return _Vpc(canvas, architecture, network).place(top, internet)


class _Vpc:
    def __init__(self, canvas: Canvas, architecture: Architecture, network: Network) -> None:
        self._canvas, self._architecture, self._network = canvas, architecture, network
        count = max(len(network.zones), 1)
        self._zone_width = (VPC_WIDTH - 2 * INSET - GAP * (count - 1)) / count
        self._gateway: Box | None = None
        self._nodes: Box | None = None
        self._pods: Pods | None = None
        self._balancers: list[Box] = []
        self._nats: dict[str, Box] = {}

    def place(self, top: float, internet: Box | None) -> Placed:
        canvas, network = self._canvas, self._network
        first, y = len(canvas.boxes), top + 30
        if network.internet_gateway:
            left, width = VPC_X + INSET, VPC_WIDTH - 2 * INSET
            self._gateway = canvas.part(left, y, width, GATEWAY, "edge", "Internet gateway")
            y += GATEWAY + GAP
        zone_top = y
        y += ZONE_HEAD
        for tier in network.tiers:
            y = self._tier(tier, y) + 8
        self._frames(first, top, zone_top, y)
        self._outer_ways(internet)
        return Placed(y + GAP, self._nodes)

    def _frames(self, first: int, top: float, zone_top: float, bottom: float) -> None:
        """The VPC and its zones, behind what stands in them: the boxes from index `first` on."""
        zones = []
        for index, zone in enumerate(self._network.zones):
            x = self._zone_x(index)
            name = fitted(zone, self._zone_width - 2 * (LANE + 16), SIZE["caption"], bold=True)
            head = Text(x + self._zone_width / 2, zone_top + 18, name, "caption")
            zones.append(Box(x, zone_top, self._zone_width, bottom - zone_top, "zone", [head], zone))
        self._canvas.boxes[first:first] = zones
        self._canvas.frame(VPC_X, top, VPC_WIDTH, bottom + GAP - top, f"VPC {self._network.cidr}", behind=first)

    def _zone_x(self, index: int) -> float:
        return VPC_X + INSET + index * (self._zone_width + GAP)

    def _tier(self, tier: Tier, y: float) -> float:
        """One row of subnets; returns where it ends."""
        first, bottom = len(self._canvas.boxes), y + TIER_HEAD
        balanced = self._is_balanced(tier)
        if balanced or tier.names() & set(self._network.nats):
            self._gateways(tier, bottom, balanced)
            bottom += ROW + 8
        nodes = self._architecture.nodes
        if nodes and tier.names() & nodes.subnets and not self._nodes:
            bottom = self._place_nodes(nodes, tier, bottom) + 8
        stores = [store for store in self._architecture.stores if store.subnets & tier.names()]
        if stores:
            self._stores(stores, bottom)
            bottom += ROW + 14
        subnets = []
        for subnet in tier.subnets:
            x, width = self._zone_x(self._network.zones.index(subnet.zone)) + 8, self._zone_width - 16
            room = width - 2 * (LANE + 16)
            texts = [
                Text(x + width / 2, y + 17, fitted(tier.label, room, SIZE["caption"], bold=True), "caption"),
                Text(x + width / 2, y + 32, fitted(subnet.cidr, room, SIZE["label"]), "label"),
            ]
            about = f"{tier.label} subnet {subnet.cidr} in {subnet.zone}"
            subnets.append(Box(x, y, width, bottom - y, SUBNET_KINDS[tier.way], texts, about))
        self._canvas.boxes[first:first] = subnets
        return bottom

    def _is_balanced(self, tier: Tier) -> bool:
        """Whether the balancer stands in these subnets: those with a way to the internet that come first."""
        public = self._architecture.listener is not None and self._architecture.listener.public
        return public and not self._balancers and tier.way == "internet"

    def _gateways(self, tier: Tier, y: float, balanced: bool) -> None:
        for subnet in tier.subnets:
            x = self._zone_x(self._network.zones.index(subnet.zone)) + 16
            width = (self._zone_width - 40) / 2
            if balanced:
                self._balancers.append(self._canvas.part(x, y, width, ROW, "edge", "Balancer", ["ALB"]))
            if subnet.name in self._network.nats:
                box = self._canvas.part(x + width + 8, y, width, ROW, "edge", "NAT", ["gateway"])
                self._nats[self._network.nats[subnet.name]] = box

    def _place_nodes(self, nodes: Nodes, tier: Tier, y: float) -> float:
        indices = sorted({self._network.zones.index(subnet.zone) for subnet in tier.subnets})
        left, right = self._zone_x(indices[0]) + 16, self._zone_x(indices[-1]) + self._zone_width - 16
        lanes = [box.x + LANE - 16 for box in self._balancers]
        self._pods = pods = Pods(self._canvas, self._architecture, left, right, y)
        self._nodes = pods.place(nodes, lanes)
        for balancer, lane in zip(self._balancers, lanes, strict=True):
            if pods.served and left < lane < right:
                self._canvas.arrow([(lane, balancer.bottom), (lane, pods.served.y)], pods.served_about)
        self._ways_out(nodes)
        return self._nodes.bottom

    def _ways_out(self, nodes: Nodes) -> None:
        """From the nodes to the NAT gateways of their subnets, or straight to the internet gateway."""
        if not self._nodes:
            return
        drawn = set()
        for subnet in self._network.subnets:
            index = self._network.zones.index(subnet.zone)
            lane = self._zone_x(index) + self._zone_width - LANE
            if subnet.name not in nodes.subnets or not self._nodes.x < lane < self._nodes.right:
                continue
            if nat := self._nats.get(subnet.nat):
                if subnet.nat not in drawn:
                    lane = nat.right - LANE + 16
                    self._canvas.arrow([(lane, self._nodes.y), (lane, nat.bottom)], f"nodes out by {subnet.nat}")
                    drawn.add(subnet.nat)
            elif subnet.way == "internet" and self._gateway:
                way = [(lane, self._nodes.y), (lane, self._gateway.bottom)]
                self._canvas.arrow(way, "nodes out by the internet gateway")

    def _stores(self, stores: Sequence[Store], y: float) -> None:
        left, right = VPC_X + INSET + 16, VPC_X + VPC_WIDTH - INSET - 16
        width = (right - left - GAP * (len(stores) - 1)) / len(stores)
        for index, store in enumerate(stores):
            box = self._canvas.part(
                left + index * (width + GAP), y + 4, width, ROW, "data", store.title, [store.detail]
            )
            if self._pods:
                self._pods.lead_to(store, box)

    def _outer_ways(self, internet: Box | None) -> None:
        """Between the internet and the internet gateway, and on to balancer and NAT."""
        gateway, talks = self._gateway, self._architecture.talks
        if not gateway or not internet:
            return
        incoming = [talk for talk in talks if talk.target == BALANCER]
        if incoming and self._balancers:
            x, ports = internet.x + internet.width * 0.5, incoming[0].ports
            self._canvas.arrow([(x, internet.bottom), (x, gateway.y)], f"callers to the balancer: {ports}")
            self._canvas.label(x + 10, internet.bottom + 26, ports, VPC_X + VPC_WIDTH * 0.8 - x - 20)
            for box in self._balancers:
                lane = box.x + LANE - 16
                self._canvas.arrow([(lane, gateway.bottom), (lane, box.y)], f"to the balancer: {ports}")
        outgoing = list(self._nats.values())
        for box in outgoing:
            lane = box.right - LANE + 16
            self._canvas.arrow([(lane, box.y), (lane, gateway.bottom)], "out by the NAT gateway")
        if outgoing or (self._nodes and any(talk.because == BY_GATEWAY for talk in talks)):
            x = internet.x + internet.width * 0.36
            self._canvas.arrow([(x, gateway.y), (x, internet.bottom)], "what nodes and pods ask of the internet")
            self._canvas.label_before(x - 10, internet.bottom + 26, "from nodes and pods", x - 20 - VPC_X)
