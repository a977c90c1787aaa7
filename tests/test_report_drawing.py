"""The picture is drawn from the plan: what is there is drawn, what is not is not, and all of it can be read."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.plain import plain
from offline.plan import Plan
from report import architecture
from report.drawing import svg
from report.layout import layout
from report.page import picture
from report.shapes import Picture, Text
from report.widths import fitted, width, wrapped
from tests.conftest import PROJECT, Planner
from tests.report_plans import changed, network, resource, without
from tests.test_platforms import planned_review

TEXTS = st.text(max_size=60) | st.sampled_from(["<script>alert(1)</script>", '"/><b>', "]]>&amp;", "‮evil", "W" * 60])
SHAPES = st.tuples(
    st.sampled_from([2, 3]), st.sampled_from(["none", "one", "each"]), st.sets(st.sampled_from(["database", "cache"]))
)


def drawn(plan: Plan) -> Picture:
    return layout(architecture.read(plan))


def contents(plan: Plan) -> list[str]:
    return [text.content for text in drawn(plan).texts]


def crossing(text: Text, start: tuple[float, float], end: tuple[float, float]) -> bool:
    left, top, right, bottom = text.extent
    (x0, x1), (y0, y1) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    return x0 < right and x1 > left and y0 < bottom and y1 > top


def assert_readable(picture: Picture) -> None:
    assert all(text.content.isprintable() for text in picture.texts)
    for box in picture.boxes:
        for text in box.texts:
            left, top, right, bottom = text.extent
            assert box.x <= left, text
            assert right <= box.right, text
            assert box.y <= top, text
            assert bottom <= box.bottom, text
    for one, other in combinations((text.extent for text in picture.texts), 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    for arrow in picture.arrows:
        for start, end in zip(arrow.points, arrow.points[1:], strict=False):
            assert start[0] == end[0] or start[1] == end[1], "a slanted line"
            assert not [text for text in picture.texts if crossing(text, start, end)], arrow
    for x, y in (point for arrow in picture.arrows for point in arrow.points):
        assert 0 <= x <= picture.width
        assert 0 <= y <= picture.height


class TestWhatIsDrawn:
    @given(SHAPES)
    def test_every_zone_nat_gateway_and_store_is_drawn_and_no_other(self, shape: tuple[int, str, set[str]]) -> None:
        zones, nat, stores = shape
        found = drawn(network(zones, nat=nat, stores=sorted(stores)))
        texts = [text.content for text in found.texts]
        assert sum(box.kind == "zone" for box in found.boxes) == zones
        assert texts.count("NAT") == {"none": 0, "one": 1, "each": zones}[nat]
        assert texts.count("Balancer") == zones
        assert any(text.startswith("PostgreSQL") for text in texts) == ("database" in stores)
        assert ("Valkey" in texts) == ("cache" in stores)
        assert sum(box.kind == "data" for box in found.boxes) == len(stores)

    @given(SHAPES)
    def test_arrows_lead_to_each_store_and_out_of_each_zone(self, shape: tuple[int, str, set[str]]) -> None:
        zones, nat, stores = shape
        abouts = [arrow.about for arrow in drawn(network(zones, nat=nat, stores=sorted(stores))).arrows]
        assert sum("(NetworkPolicy" in about and " to PostgreSQL" in about for about in abouts) == (
            "database" in stores
        )
        assert sum("(NetworkPolicy" in about and " to Valkey" in about for about in abouts) == ("cache" in stores)
        ways = {"none": zones, "one": 1, "each": zones}[nat]
        assert sum(about.startswith("nodes out by") for about in abouts) == ways
        assert sum("load balancer to pods" in about for about in abouts) == zones

    def test_a_store_whose_group_lets_nobody_in_has_no_arrow(self) -> None:
        whole = network(2, nat="one", stores=["database"])
        closed = without(whole, "database-rule")
        assert any(" to PostgreSQL" in arrow.about for arrow in drawn(whole).arrows)
        assert not any(" to PostgreSQL" in arrow.about for arrow in drawn(closed).arrows)
        assert "PostgreSQL hello" in contents(closed)

    def test_a_store_whose_group_lets_only_others_in_has_no_arrow(self) -> None:
        whole = network(2, nat="one", stores=["database"])
        rule = next(each for each in whole.resources if each.name == "database-rule").inputs
        others = {key: value for key, value in rule.items() if key != "referencedSecurityGroupId"}
        closed = changed(whole, "database-rule", {**others, "cidrIpv4": "10.99.0.0/16"})
        assert any(talk.source.key == "10.99.0.0/16" for talk in architecture.read(closed).talks)
        assert not any(" to PostgreSQL" in arrow.about for arrow in drawn(closed).arrows)

    def test_a_store_that_no_policy_names_has_no_arrow(self) -> None:
        whole = network(2, nat="one", stores=["cache"])
        policy = next(each for each in whole.resources if each.name == "policy").inputs
        closed = changed(whole, "policy", {**policy, "spec": {**policy["spec"], "egress": []}})
        assert any(" to Valkey" in arrow.about for arrow in drawn(whole).arrows)
        assert not any(" to Valkey" in arrow.about for arrow in drawn(closed).arrows)

    def test_pods_without_a_network_policy_say_so(self) -> None:
        whole = network(2, nat="one", stores=[])
        assert contents(whole).count("no network policy") == 1
        assert contents(without(whole, "policy")).count("no network policy") == 2

    def test_a_balancer_inside_the_network_has_no_caller_from_the_internet(self) -> None:
        whole = network(2, nat="one", stores=[])
        ingress = {"metadata": {"annotations": {"alb.ingress.kubernetes.io/scheme": "internal"}}}
        inside = changed(whole, "ingress", ingress)
        assert any("callers to the balancer" in arrow.about for arrow in drawn(whole).arrows)
        assert not any("callers to the balancer" in arrow.about for arrow in drawn(inside).arrows)
        assert "Balancer" not in contents(inside)

    def test_prod_has_three_zones_with_a_nat_gateway_each_and_both_stores(self, prod: Plan) -> None:
        texts = contents(prod)
        assert {"us-west-2a", "us-west-2b", "us-west-2c", "EKS control plane", "hello.example.com"} <= set(texts)
        assert texts.count("NAT") == len(prod.of("aws:ec2/natGateway:NatGateway")) == 3
        assert {"PostgreSQL 18", "Valkey 8"} <= set(texts)
        assert any("3 × m7g.large" in text for text in texts)

    def test_dev_has_as_many_nat_gateways_as_its_plan_and_no_store(self, dev: Plan) -> None:
        texts = contents(dev)
        assert "us-west-2b" in texts
        assert "us-west-2c" not in texts
        assert texts.count("NAT") == len(dev.of("aws:ec2/natGateway:NatGateway"))
        assert not any(box.kind == "data" for box in drawn(dev).boxes)

    def test_a_review_environment_stands_on_a_cluster_that_another_stack_has_made(self) -> None:
        texts = contents(planned_review("pr-7", hostname="pr-7.dev.example.com", zone="example.com"))
        assert {"Cluster that another stack has made", "Application Load Balancer", "pr-7.dev.example.com"} <= set(
            texts
        )
        assert "EKS control plane" not in texts

    def test_a_local_stack_has_its_release_and_no_region(self, planned: Planner) -> None:
        texts = contents(planned("local"))
        assert {"This machine", "Cluster of kubectl's current context", "helloworld · 2 to 3 pods"} <= set(texts)
        assert "Internet" not in texts

    def test_where_nobody_is_outside_there_is_no_room_for_them(self, planned: Planner) -> None:
        found = drawn(planned("local"))
        assert min(box.y for box in found.boxes) == min(box.x for box in found.boxes)
        assert not found.arrows
        assert not found.labels

    @pytest.mark.parametrize("stack", ["dev", "prod"])
    def test_the_ways_in_and_out_are_labelled(self, planned: Planner, stack: str) -> None:
        labels = {text.content for text in drawn(planned(stack)).labels}
        assert {"from nodes and pods", "tcp 443", "all ports"} <= labels
        assert any("HTTP 80" in label for label in labels)
        assert any("Dashed" in label for label in labels) == (stack == "prod")

    def test_the_description_says_each_connection_once(self, prod: Plan) -> None:
        said = drawn(prod).description.removesuffix(".").split("; ")
        assert len(said) == len(set(said)) > 10

    def test_every_node_group_is_drawn(self) -> None:
        whole = network(2, nat="one", stores=[])
        spot = {"instanceTypes": ["g5.xlarge"], "scalingConfig": {"desiredSize": 1, "minSize": 0, "maxSize": 2}}
        more = resource("aws:eks/nodeGroup:NodeGroup", "gpu", {**spot, "capacityType": "SPOT"})
        nodes = architecture.read(replace(whole, resources=[*whole.resources, more])).nodes
        assert nodes is not None
        assert nodes.machines == "2 × t4g.small, t4g.medium + 1 × g5.xlarge"
        assert nodes.number == "on-demand + spot · 1 to 4 + 0 to 2 nodes"

    def test_a_service_of_aws_that_has_no_place_is_counted(self) -> None:
        whole = network(2, nat="one", stores=[])
        more = [resource("aws:sqs/queue:Queue", name) for name in ("jobs", "letters")]
        assert "Also in the plan" not in contents(whole)
        assert {"Also in the plan", "sqs: 2 resources"} <= set(
            contents(replace(whole, resources=[*whole.resources, *more]))
        )

    def test_lines_that_find_no_room_are_counted(self, planned: Planner) -> None:
        named = '["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"]'
        texts = contents(planned("dev", {"publicAccessCidrs": named}))
        assert {"192.0.2.0/24", "and 2 more"} <= set(texts)

    def test_a_plan_of_nothing_is_a_picture_too(self) -> None:
        empty = Plan(project="p", stack="s", resources=(), outputs={})
        assert_readable(drawn(empty))
        ET.fromstring(svg(drawn(empty)))


class TestReadable:
    @given(SHAPES, TEXTS)
    def test_no_text_leaves_its_box_or_meets_another_text_or_an_arrow(
        self, shape: tuple[int, str, set[str]], text: str
    ) -> None:
        zones, nat, stores = shape
        assert_readable(drawn(network(zones, nat=nat, stores=sorted(stores), text=text)))

    @pytest.mark.parametrize(
        ("stack", "changes"),
        [
            ("dev", {}),
            ("prod", {}),
            ("local", {}),
            ("dev", {"database": "true", "cache": "true", "requestsPerPod": "10", "nodeAutoscaling": "true"}),
            ("dev", {"zones": '["a", "b", "c"]', "monitoring": "true", "cache": "true"}),
            (
                "prod",
                {"database": "false", "databaseMultiZone": "false", "natPerZone": "false", "requestsPerPod": "10"},
            ),
            (
                "dev",
                {"peerVpc": "vpc-0123456789abcdef0", "peerCidr": "10.9.0.0/16", "peerRouteTables": '["rtb-01234567"]'},
            ),
        ],
    )
    def test_so_it_is_in_the_stacks(self, planned: Planner, stack: str, changes: dict[str, str]) -> None:
        assert_readable(drawn(planned(stack, changes)))

    @given(st.text(max_size=40), st.floats(0, 300), st.sampled_from([11.0, 12.0]), st.booleans())
    def test_a_text_that_is_cut_fits_or_is_nothing_but_the_ellipsis(
        self, text: str, room: float, size: float, bold: bool
    ) -> None:
        cut = fitted(text, room, size, bold=bold)
        assert width(cut, size, bold=bold) <= room or cut == "…"
        assert cut == plain(" ".join(text.split())) or cut.endswith("…")

    @given(st.lists(st.text("abcW", min_size=1, max_size=20), max_size=12), st.integers(1, 3))
    def test_wrapped_words_take_no_more_lines_than_there_are(self, words: list[str], most: int) -> None:
        lines = wrapped(" ".join(words), 120, 11, most)
        assert len(lines) <= most
        assert all(width(line, 11) <= 120 for line in lines)


class TestSvg:
    @given(TEXTS)
    def test_whatever_a_plan_says_is_text_and_never_markup(self, text: str) -> None:
        plan = network(2, nat="one", stores=["database"], text=text)
        names = {element.tag.rpartition("}")[2] for element in ET.fromstring(picture(plan)).iter()}
        assert names <= {"svg", "title", "desc", "style", "g", "rect", "text", "polyline", "polygon"}

    def test_the_readmes_picture_is_what_prod_is_drawn_as(self, prod: Plan) -> None:
        kept = (PROJECT / "docs" / "architecture.svg").read_text("utf-8")
        assert kept == picture(prod), "renew it: python -m report --stack prod --picture docs/architecture.svg"
        assert "](docs/architecture.svg)" in (PROJECT / "README.md").read_text("utf-8")
