"""The certificate and the address."""

import json

import pulumi
import pytest

from infra.certificate import CertificateArgs, explain_validation
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
