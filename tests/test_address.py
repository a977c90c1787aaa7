"""The certificate and the address."""

import json
from types import SimpleNamespace

import pulumi
import pytest

from infra.certificate import CertificateArgs, _option, explain_validation
from offline.diff import compare
from offline.evaluate import record
from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before

CERTIFICATE, RECORD = "aws:acm/certificate:Certificate", "aws:route53/record:Record"
VALIDATION, INGRESS = "aws:acm/certificateValidation:CertificateValidation", "kubernetes:networking.k8s.io/v1:Ingress"
PREFIX = "alb.ingress.kubernetes.io/"


def annotations(plan: Plan) -> dict[str, str]:
    ingress = plan.one(INGRESS, "helloworld-release-ingress")
    return {key.removeprefix(PREFIX): value for key, value in ingress.inputs["metadata"]["annotations"].items()}


@pytest.fixture(scope="module", params=["hello.example.com", "example.com", "a.b.example.com"])
def hostname(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def secured(planned: Planner, hostname: str) -> Plan:
    return planned("dev", {"hostname": hostname, "zone": "example.com"})


def test_the_certificate_is_for_the_host_name_and_proven_in_the_zone(secured: Plan, hostname: str) -> None:
    certificate = secured.one(CERTIFICATE, "helloworld-certificate-certificate").inputs
    assert certificate["domainName"] == hostname
    assert certificate["validationMethod"] == "DNS"
    proof = secured.one(RECORD, "helloworld-certificate-proof").inputs
    assert proof["zoneId"] == secured.one(RECORD, "helloworld-dns-address").inputs["zoneId"]


def test_a_validation_that_hangs_ends_after_a_quarter_of_an_hour_with_its_usual_cause(secured: Plan) -> None:
    validation = secured.one(VALIDATION, "helloworld-certificate-validation")
    assert validation.options["customTimeouts"]["create"] == "15m"
    assert validation.hooks["on_error"] == ["helloworld-certificate-explain-validation"]


def test_the_usual_cause_is_the_registrars_name_servers() -> None:
    args = CertificateArgs(hostname="hello.example.com", zone_name="example.com", zone_id="Z")
    failure = pulumi.ErrorHookArgs(urn="", id="", name="", type="", failed_operation="create", errors=["timeout"])

    def program() -> None:
        assert explain_validation("hook", args).callback(failure) is False

    (message,) = record(program).messages
    assert "name servers" in message.text
    assert "dig NS example.com" in message.text


def test_the_balancer_speaks_https_with_tls_1_3_and_redirects_http(secured: Plan) -> None:
    assert json.loads(annotations(secured)["listen-ports"]) == [{"HTTP": 80}, {"HTTPS": 443}]
    assert annotations(secured)["ssl-redirect"] == "443"
    assert "TLS13" in annotations(secured)["ssl-policy"]


def test_the_ingress_takes_the_certificate_once_it_is_valid_and_goes_before_it(secured: Plan) -> None:
    ingress = secured.one(INGRESS, "helloworld-release-ingress")
    assert annotations(secured)["certificate-arn"].startswith(("arn:aws:acm:", "${"))
    assert before(secured, secured.one(VALIDATION, "helloworld-certificate-validation"), ingress)
    assert before(secured, secured.one(CERTIFICATE, "helloworld-certificate-certificate"), ingress)


def test_the_host_name_is_an_alias_of_the_balancer_which_an_apex_can_be_too(secured: Plan, hostname: str) -> None:
    record = secured.one(RECORD, "helloworld-dns-address")
    assert (record.inputs["name"], record.inputs["type"]) == (hostname, "A")
    (alias,) = record.inputs["aliases"]
    assert alias["name"] == "${helloworld-release-ingress.hostname}"
    assert alias["evaluateTargetHealth"] is True
    assert before(secured, secured.one(INGRESS, "helloworld-release-ingress"), record)


def test_the_url_is_the_host_name_with_https(secured: Plan, hostname: str) -> None:
    assert secured.outputs["url"] == f"https://{hostname}"


def test_without_a_host_name_it_is_plain_http_and_the_preview_says_so(dev: Plan) -> None:
    assert json.loads(annotations(dev)["listen-ports"]) == [{"HTTP": 80}]
    assert "certificate-arn" not in annotations(dev)
    assert str(dev.outputs["url"]).startswith("http://${")
    assert any("plain HTTP" in message.text for message in dev.messages)
    assert not dev.of(CERTIFICATE)


def test_the_balancer_faces_the_internet_and_drops_malformed_headers(plan: Plan) -> None:
    assert annotations(plan)["scheme"] == "internet-facing"
    assert annotations(plan)["load-balancer-attributes"] == "routing.http.drop_invalid_header_fields.enabled=true"


def test_each_environment_has_a_balancer_group_of_its_own(dev: Plan, prod: Plan) -> None:
    assert annotations(dev)["group.name"] != annotations(prod)["group.name"]


@pytest.fixture(scope="module", params=["latency", "primary", "secondary"])
def shared(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    return planned("prod", {"routing": request.param})


class TestMoreThanOneRegion:
    """The host name is answered by several stacks; each has its share of it, and a name of its own."""

    DIRECT, HEALTH = "prod.hello.example.com", "aws:route53/healthCheck:HealthCheck"

    def test_nothing_of_it_is_there_where_one_stack_answers(self, prod: Plan) -> None:
        assert set(prod.one(RECORD, "helloworld-dns-address").inputs) == {"zoneId", "name", "type", "aliases"}
        assert "setIdentifier" not in prod.one(RECORD, "helloworld-certificate-proof").inputs
        assert len(prod.of(RECORD)) == 2
        assert not prod.of(self.HEALTH)
        assert "directUrl" not in prod.outputs

    @pytest.mark.parametrize(
        ("routing", "policy"),
        [
            ("latency", {"latencyRoutingPolicies": [{"region": "us-west-2"}]}),
            ("primary", {"failoverRoutingPolicies": [{"type": "PRIMARY"}]}),
            ("secondary", {"failoverRoutingPolicies": [{"type": "SECONDARY"}]}),
        ],
    )
    def test_route_53_chooses_among_the_stacks_as_the_setting_says(
        self, planned: Planner, routing: str, policy: dict[str, object]
    ) -> None:
        plan = planned("prod", {"routing": routing})
        record = plan.one(RECORD, "helloworld-dns-address").inputs
        assert record["name"] == "hello.example.com"
        assert record["setIdentifier"] == f"prod-{routing}"
        assert {key: value for key, value in record.items() if key.endswith("Policies")} == policy
        assert record["aliases"][0]["evaluateTargetHealth"] is True

    def test_a_region_that_does_not_answer_is_left_out(self, shared: Plan) -> None:
        """Asked under the common name, another region would answer for it."""
        check = shared.one(self.HEALTH, "helloworld-dns-health")
        record = shared.one(RECORD, "helloworld-dns-address")
        assert record.inputs["healthCheckId"] == "${helloworld-dns-health.id}"
        assert (check.inputs["type"], check.inputs["fqdn"], check.inputs["port"]) == ("HTTPS", self.DIRECT, 443)
        assert check.inputs["resourcePath"] == "/readyz"
        assert check.inputs["enableSni"] is True
        direct = shared.one(RECORD, "helloworld-dns-direct-address")
        assert before(shared, direct, check)
        assert before(shared, check, record)

    def test_the_direct_name_is_this_regions_alone(self, shared: Plan) -> None:
        direct = shared.one(RECORD, "helloworld-dns-direct-address").inputs
        assert (direct["name"], direct["type"]) == (self.DIRECT, "A")
        assert direct["aliases"] == shared.one(RECORD, "helloworld-dns-address").inputs["aliases"]
        assert "setIdentifier" not in direct
        assert shared.outputs["directUrl"] == f"https://{self.DIRECT}"
        assert shared.outputs["url"] == "https://hello.example.com"

    def test_certificate_and_balancer_take_both_names(self, shared: Plan) -> None:
        certificate = shared.one(CERTIFICATE, "helloworld-certificate-certificate").inputs
        assert (certificate["domainName"], certificate["subjectAlternativeNames"]) == (
            "hello.example.com",
            [self.DIRECT],
        )
        rules = shared.one(INGRESS, "helloworld-release-ingress").inputs["spec"]["rules"]
        assert [rule["host"] for rule in rules] == ["hello.example.com", self.DIRECT]
        assert len({json.dumps(rule["http"], sort_keys=True) for rule in rules}) == 1

    def test_every_name_is_proven_and_each_stack_has_a_proof_of_its_own(self, shared: Plan) -> None:
        """ACM asks for the same record in every region; a simple one could be owned, and deleted, by one stack only."""
        names = {
            "helloworld-certificate-proof": "hello.example.com",
            "helloworld-certificate-direct-proof": self.DIRECT,
        }
        for name, hostname in names.items():
            proof = shared.one(RECORD, name).inputs
            assert proof["name"] == f"${{helloworld-certificate-certificate.record({hostname}).name}}"
            assert proof["records"] == [f"${{helloworld-certificate-certificate.record({hostname}).value}}"]
            assert proof["setIdentifier"] == "prod"
            assert proof["weightedRoutingPolicies"] == [{"weight": 1}]
        validation = shared.one(VALIDATION, "helloworld-certificate-validation")
        assert len(validation.inputs["validationRecordFqdns"]) == 2
        assert all(before(shared, shared.one(RECORD, name), validation) for name in names)

    def test_another_policy_is_another_record_in_one_batch(self, planned: Planner) -> None:
        """The provider deletes and creates at once where the set identifier is another; else it asks for an update."""
        latency, primary = (planned("prod", {"routing": routing}) for routing in ("latency", "primary"))
        (change,) = compare(latency, primary).changes
        assert (change.name, change.action) == ("helloworld-dns-address", "change")
        assert {"setIdentifier", "failoverRoutingPolicies"} <= {field.path for field in change.fields}

    @pytest.mark.parametrize("stack", ["dev", "prod"])
    def test_a_living_stack_keeps_answering_while_it_becomes_one_of_several(self, planned: Planner, stack: str) -> None:
        """The certificate's successor is there before it goes, and the record changes in one batch."""
        named = {"hostname": "hello.example.com", "zone": "example.com"}
        alone, shared = (planned(stack, {**named, "routing": routing}) for routing in ("simple", "latency"))
        actions = {each.name: each.action for each in compare(alone, shared).changes}
        assert actions["helloworld-dns-address"] == actions["helloworld-release-ingress"] == "change"
        assert actions["helloworld-certificate-certificate"] == "replace"
        assert "delete" not in actions.values()
        for plan in (alone, shared):
            assert not plan.one(CERTIFICATE, "helloworld-certificate-certificate").options.get("deleteBeforeReplace")


def test_the_proof_of_a_name_is_found_wherever_the_provider_puts_it() -> None:
    first, second = (SimpleNamespace(domain_name=name) for name in ("hello.example.com", "prod.hello.example.com"))
    for order in ([first, second], [second, first]):
        assert _option(order, "hello.example.com") is first
        assert _option(order, "prod.hello.example.com") is second
