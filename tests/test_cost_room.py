"""What runs on the smallest number of nodes fits on them."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost.pods import Pods, pods_of
from cost.prices import NoPriceError, assumed
from cost.room import nodes_needed, room_of
from infra.addons import VERSIONS
from offline.plan import Plan
from tests.conftest import Planner
from tests.report_plans import plan, resource

GROUP = "aws:eks/nodeGroup:NodeGroup"


def least(plan: Plan) -> tuple[int, list[str]]:
    (group,) = plan.of(GROUP)
    return group.inputs["scalingConfig"]["minSize"], group.inputs["instanceTypes"]


@pytest.mark.parametrize(
    ("stack", "changes"),
    [("dev", {}), ("prod", {}), ("dev", {"nat": "gateway"}), ("prod", {"requestsPerPod": "50"})],
)
def test_all_pods_of_a_stack_fit_on_its_fewest_nodes_of_any_of_its_types_even_during_a_roll_out(
    planned: Planner, stack: str, changes: Mapping[str, str]
) -> None:
    plan = planned(stack, changes)
    nodes, kinds = least(plan)
    needed = {kind: nodes_needed(pods_of(plan), kind, surge=True) for kind in kinds}
    assert all(number <= nodes for number in needed.values()), needed


def test_dev_s_nodes_are_the_smallest_that_carry_it(dev: Plan) -> None:
    nodes, kinds = least(dev)
    assert (nodes, kinds[0]) == (2, "t4g.small")
    assert nodes_needed(pods_of(dev), "t4g.small", surge=True) == nodes
    assert min(assumed("types").values(), key=lambda each: each["memory_mib"]) == assumed("types")["t4g.small"]


def test_in_dev_there_is_room_for_reviews_before_a_node_has_to_be_added(dev: Plan) -> None:
    reviews = [Pods("review", 1, 100, 96, surge=1)] * 2
    assert nodes_needed([*pods_of(dev), *reviews], "t4g.small", surge=True) == 2


@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_every_add_on_that_can_be_installed_is_known_with_its_pods(version: str) -> None:
    assert set(VERSIONS[version]) == set(assumed("pods"))


def test_pods_are_those_of_add_ons_charts_and_deployments(prod: Plan) -> None:
    found = {each.name: each for each in pods_of(prod)}
    assert (found["coredns"].count, found["coredns"].each_node) == (2, False)
    assert found["kube-proxy"].each_node
    chart = found["helloworld-load-balancer-chart"]
    assert (chart.count, chart.cpu_milli, chart.memory_mib) == (2, 50, 256)
    service = found["helloworld-release-deployment"]
    assert (service.count, service.cpu_milli, service.memory_mib, service.surge) == (3, 100, 96, 1)


def test_keda_is_two_kinds_of_pods_and_scales_the_service_in_the_autoscaler_s_place(planned: Planner) -> None:
    found = pods_of(planned("dev", {"requestsPerPod": "50"}))
    keda = [each for each in found if each.name == "helloworld-keda-chart"]
    assert sum(each.count for each in keda) >= 4
    assert all((each.cpu_milli, each.memory_mib) == (50, 100) for each in keda)
    (service,) = [each for each in found if each.name == "helloworld-release-deployment"]
    assert (service.count, service.surge) == (2, 1)


def test_load_makes_pods_up_to_the_most_that_there_may_be(prod: Plan) -> None:
    def service(requests: float) -> int:
        return next(each.count for each in pods_of(prod, requests) if each.name == "helloworld-release-deployment")

    assert service(0) == 3
    assert service(70 * 5 - 1) == 5
    assert service(1e6) == 12


def test_a_node_keeps_back_what_the_kubelet_does() -> None:
    room = room_of("t4g.small")
    assert (room.pods, room.cpu_milli) == (11, 1930)
    assert room.memory_mib == pytest.approx(2048 * 0.925 - 255 - 11 * 11 - 100)


def test_each_of_number_cpu_and_memory_can_be_what_takes_another_node() -> None:
    room = room_of("t4g.small")
    for pods in (
        Pods("many", room.pods + 1, 0, 0),
        Pods("busy", 2, room.cpu_milli * 0.6, 0),
        Pods("big", 2, 0, room.memory_mib * 0.6),
    ):
        assert nodes_needed([pods], "t4g.small") == 2


def test_what_a_roll_out_adds_counts_where_it_is_asked_for() -> None:
    full = [Pods("web", room_of("t4g.small").pods, 1, 1, surge=1)]
    assert nodes_needed(full, "t4g.small") == 1
    assert nodes_needed(full, "t4g.small", surge=True) == 2


def test_what_runs_on_every_node_takes_its_room_there() -> None:
    own = Pods("agent", 3, 100, 50, each_node=True)
    assert nodes_needed([Pods("web", 8, 1, 1), own], "t4g.small") == 1
    assert nodes_needed([Pods("web", 9, 1, 1), own], "t4g.small") == 2


def test_nodes_without_room_for_anything_are_refused() -> None:
    with pytest.raises(NoPriceError, match="no room"):
        nodes_needed([Pods("agent", 1, 0, 5000, each_node=True)], "t4g.small")
    with pytest.raises(NoPriceError, match=r"x9\.huge"):
        room_of("x9.huge")


PODS = st.builds(Pods, st.just("p"), st.integers(0, 40), st.integers(0, 900), st.integers(0, 900))


@given(st.lists(PODS, max_size=6), PODS, st.sampled_from(sorted(assumed("types"))))
def test_more_pods_never_need_fewer_nodes(pods: list[Pods], more: Pods, kind: str) -> None:
    assert 1 <= nodes_needed(pods, kind) <= nodes_needed([*pods, more], kind)


def test_a_load_takes_as_many_pods_as_its_requests_ask_for_where_they_are_a_trigger(planned: Planner) -> None:
    def pods(changes: Mapping[str, str], load: float) -> int:
        plan = planned("dev", {"replicasMax": "60", **changes})
        return next(each.count for each in pods_of(plan, load) if each.name == "helloworld-release-deployment")

    by_requests = {"requestsPerPod": "20"}
    assert (pods({}, 0), pods(by_requests, 0)) == (2, 2)
    assert pods({}, 500) == 8
    assert pods(by_requests, 500) == 25
    assert pods(by_requests, 5000) == 60


@pytest.mark.parametrize(
    "configuration", [None, "", "no JSON", "[5]", "[" * 100_000], ids=["none", "empty", "text", "list", "deep"]
)
def test_an_add_on_configured_in_no_form_that_is_known_has_its_usual_pods(configuration: str | None) -> None:
    addon = resource("aws:eks/addon:Addon", "dns", {"addonName": "coredns", "configurationValues": configuration})
    (usual,) = assumed("pods")["coredns"]
    assert [each.count for each in pods_of(plan([addon]))] == [usual["count"]]
