"""A Helm release that a killed `up` has left half made does not keep the next one from succeeding."""

import json
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from infra.interrupted_helm import forget_interrupted
from offline.evaluate import ProgramError, record
from offline.plan import Plan
from tests.fake_kubernetes import NAMESPACE, FakeKubernetes, serving

RELEASE = "aws-load-balancer-controller"


@pytest.fixture
def fake() -> Iterator[FakeKubernetes]:
    with serving() as cluster:
        yield cluster
        assert cluster.protests == []


def run(fake: FakeKubernetes, moment: str, kubeconfig: str | None = None) -> Plan:
    """What the engine does before it creates or updates the release."""
    given = json.dumps(fake.kubeconfig()) if kubeconfig is None else kubeconfig

    async def program() -> str:
        binding = forget_interrupted("chart", given, NAMESPACE, RELEASE)
        (hook,) = {"create": binding.before_create, "update": binding.before_update}[moment] or []
        answer = hook(pulumi.ResourceHookArgs(urn="", id="", name="", type=""))
        assert answer is not None
        await answer
        return moment

    return record(lambda: pulumi.Output.all(program()))


def names(fake: FakeKubernetes) -> list[str]:
    return [each["metadata"]["name"] for each in fake.secrets]


@pytest.mark.parametrize("status", ["pending-install", "deployed", "failed"])
def test_before_a_creation_helm_forgets_the_release_whatever_its_state(fake: FakeKubernetes, status: str) -> None:
    fake.add_helm_record(RELEASE, 1, status)
    run(fake, "create")
    assert names(fake) == []


@pytest.mark.parametrize("status", ["pending-upgrade", "pending-rollback", "pending-install"])
def test_before_an_update_helm_forgets_what_is_pending_and_keeps_the_rest(fake: FakeKubernetes, status: str) -> None:
    kept = [fake.add_helm_record(RELEASE, 1, "superseded"), fake.add_helm_record(RELEASE, 2, "deployed")]
    fake.add_helm_record(RELEASE, 3, status)
    run(fake, "update")
    assert names(fake) == kept


@pytest.mark.parametrize("moment", ["create", "update"])
def test_other_releases_are_left_alone(fake: FakeKubernetes, moment: str) -> None:
    other = fake.add_helm_record("another", 1, "pending-install")
    fake.add_helm_record(RELEASE, 1, "pending-install")
    run(fake, moment)
    assert names(fake) == [other]


def test_what_is_forgotten_is_said(fake: FakeKubernetes) -> None:
    name = fake.add_helm_record(RELEASE, 1, "pending-install")
    plan = run(fake, "create")
    assert [message.severity for message in plan.messages if name in message.text] == ["warning"]


def test_without_a_leftover_nothing_is_said_or_deleted(fake: FakeKubernetes) -> None:
    plan = run(fake, "create")
    assert [request.method for request in fake.requests] == ["GET"]
    assert not plan.messages


def test_a_cluster_that_refuses_fails_the_creation_rather_than_hiding_it(fake: FakeKubernetes) -> None:
    fake.add_helm_record(RELEASE, 1, "pending-install")
    fake.refuse("GET", "secrets", 403)
    with pytest.raises(ProgramError, match="403"):
        run(fake, "create")


def test_without_a_kubeconfig_it_is_kubectl_s_own(
    fake: FakeKubernetes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a local platform, whose plan names no cluster."""
    (tmp_path / "config").write_text(json.dumps(fake.kubeconfig()))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "config"))
    fake.add_helm_record(RELEASE, 1, "pending-install")
    run(fake, "create", "")
    assert names(fake) == []
