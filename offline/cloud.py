"""What the cloud would answer: computed outputs of resources, and data sources.

What exists only after the deployment is a placeholder, `${<logical name>.<property>}`, so that policies and addresses
made of it can still be read. To teach the preview a type, add a row to `OUTPUTS`; a data source, to `DATA`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import _types

from offline.wire import Secret

ACCOUNT = "123456789012"
NO_REGION = "${aws.region}"


class UnknownDataSourceError(Exception):
    """The program asks for a data source that is not in `DATA`."""


@dataclass(frozen=True)
class Question:
    """A resource whose outputs are asked for: its type, logical name, inputs (secrets revealed) and region."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    region: str = NO_REGION

    def later(self, name: str) -> str:
        """The placeholder of a property that exists only after the deployment."""
        return f"${{{self.name}.{name}}}"

    def given(self, name: str) -> Any:
        """An input, or its placeholder where the provider would choose it."""
        value = self.inputs.get(name)
        return self.later(name) if value is None else value


Outputs = dict[str, Any]


def _arn(question: Question, service: str, resource: str, *, regional: bool = True) -> str:
    return f"arn:aws:{service}:{question.region if regional else ''}:{ACCOUNT}:{resource}"


def _kms_key(q: Question) -> Outputs:
    return {"arn": _arn(q, "kms", f"key/{q.later('id')}"), "keyId": q.later("id")}


def _kms_alias(q: Question) -> Outputs:
    return {"arn": _arn(q, "kms", str(q.given("name")))}


def _iam(kind: str) -> Callable[[Question], Outputs]:
    def answer(q: Question) -> Outputs:
        path = q.inputs.get("path") or "/"
        name = q.given("name")
        return {"arn": _arn(q, "iam", f"{kind}{path}{name}", regional=False), "name": name, "id": name}

    return answer


def _log_group(q: Question) -> Outputs:
    return {"arn": _arn(q, "logs", f"log-group:{q.given('name')}"), "name": q.given("name")}


def _alarm(q: Question) -> Outputs:
    return {"arn": _arn(q, "cloudwatch", f"alarm:{q.given('name')}")}


def _topic(q: Question) -> Outputs:
    return {"arn": _arn(q, "sns", str(q.given("name")))}


def _launch_template(q: Question) -> Outputs:
    return {"latestVersion": 1, "defaultVersion": 1, "name": q.given("name")}


def _eks_cluster(q: Question) -> Outputs:
    return {
        "arn": _arn(q, "eks", f"cluster/{q.given('name')}"),
        "name": q.given("name"),
        "endpoint": q.later("endpoint"),
        "certificateAuthority": {"data": q.later("certificateAuthority")},
        "identities": [{"oidcs": [{"issuer": q.later("issuer")}]}],
        "version": q.given("version"),
        "vpcConfig": {
            **(q.inputs.get("vpcConfig") or {}),
            "clusterSecurityGroupId": q.later("clusterSecurityGroupId"),
            "vpcId": q.later("vpcId"),
        },
    }


def _repository(q: Question) -> Outputs:
    name = q.given("name")
    return {
        "arn": _arn(q, "ecr", f"repository/{name}"),
        "name": name,
        "registryId": ACCOUNT,
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{q.region}.amazonaws.com/{name}",
    }


def _certificate(q: Question) -> Outputs:
    names = [q.inputs.get("domainName"), *(q.inputs.get("subjectAlternativeNames") or [])]
    options = [
        {
            "domainName": name,
            "resourceRecordName": q.later(f"record({name}).name"),
            "resourceRecordType": "CNAME",
            "resourceRecordValue": q.later(f"record({name}).value"),
        }
        for name in dict.fromkeys(filter(None, names))
    ]
    return {"arn": _arn(q, "acm", f"certificate/{q.later('id')}"), "domainValidationOptions": options}


def _route53_record(q: Question) -> Outputs:
    return {"fqdn": str(q.inputs.get("name", "")).rstrip(".")}


def _docker_image(q: Question) -> Outputs:
    name = str(q.given("imageName"))
    repository, tag = (name.rpartition(":")[::2]) if ":" in name.rpartition("/")[2] else (name, "latest")
    return {
        "imageName": name,
        "repoDigest": f"{repository}@sha256:{q.later(f'digest({tag})')}",
        "baseImageName": name,
        "registryServer": repository,
    }


def _ingress(q: Question) -> Outputs:
    return {"status": {"loadBalancer": {"ingress": [{"hostname": q.later("hostname")}]}}}


def _service(q: Question) -> Outputs:
    balanced = (q.inputs.get("spec") or {}).get("type") == "LoadBalancer"
    return {"status": {"loadBalancer": {"ingress": [{"hostname": q.later("hostname")}] if balanced else []}}}


def _helm_release(q: Question) -> Outputs:
    name, namespace = q.inputs.get("name") or q.name, q.inputs.get("namespace") or "default"
    status = {
        "name": name,
        "namespace": namespace,
        "version": q.inputs.get("version"),
        "appVersion": q.later("appVersion"),
        "chart": q.inputs.get("chart"),
        "revision": 1,
        "status": "deployed",
    }
    return {"name": name, "namespace": namespace, "status": status}


def _database(q: Question) -> Outputs:
    identifier = str(q.given("identifier"))
    secret = {"secretArn": _arn(q, "secretsmanager", f"secret:rds!db-{q.later('secret')}"), "secretStatus": "active"}
    return {
        "arn": _arn(q, "rds", f"db:{identifier}"),
        "address": q.later("address"),
        "identifier": identifier,
        "resourceId": q.later("resourceId"),
        "masterUserSecrets": [secret] if q.inputs.get("manageMasterUserPassword") else [],
    }


def _elasticache(kind: str, name: str) -> Callable[[Question], Outputs]:
    def answer(q: Question) -> Outputs:
        return {"arn": _arn(q, "elasticache", f"{kind}:{q.given(name)}")}

    return answer


def _serverless_cache(q: Question) -> Outputs:
    ports = {"endpoints": 6379, "readerEndpoints": 6380}
    endpoints = {key: [{"address": q.later(key), "port": port}] for key, port in ports.items()}
    return {**_elasticache("serverlesscache", "name")(q), **endpoints}


OUTPUTS: Mapping[str, Callable[[Question], Outputs]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:ecr/repository:Repository": _repository,
    "aws:eks/cluster:Cluster": _eks_cluster,
    "aws:elasticache/serverlessCache:ServerlessCache": _serverless_cache,
    "aws:elasticache/user:User": _elasticache("user", "userId"),
    "aws:elasticache/userGroup:UserGroup": _elasticache("usergroup", "userGroupId"),
    "aws:iam/policy:Policy": _iam("policy"),
    "aws:iam/role:Role": _iam("role"),
    "aws:iam/user:User": _iam("user"),
    "aws:kms/alias:Alias": _kms_alias,
    "aws:kms/key:Key": _kms_key,
    "aws:rds/instance:Instance": _database,
    "aws:route53/record:Record": _route53_record,
    "aws:sns/topic:Topic": _topic,
    "docker:index/image:Image": _docker_image,
    "kubernetes:core/v1:Service": _service,
    "kubernetes:helm.sh/v3:Release": _helm_release,
    "kubernetes:networking.k8s.io/v1:Ingress": _ingress,
}


def outputs(question: Question) -> Outputs:
    """The computed outputs of a resource, `id` among them, as placeholders where they exist only after the deployment.

    A type without a row in `OUTPUTS` gets a placeholder for each text property of its class; what is neither stays
    unknown.
    """
    answer: Outputs = {"id": question.later("id")}
    if question.type.startswith("kubernetes:"):
        metadata = question.inputs.get("metadata")
        if isinstance(metadata, Mapping) and not metadata.get("name"):
            answer["metadata"] = {**metadata, "name": question.later("metadata.name")}
    for name in _text_properties(question.type):
        if question.inputs.get(name) is None:
            answer[name] = question.region if name == "region" else question.later(name)
    if row := OUTPUTS.get(question.type):
        answer |= row(question)
    return answer


_classes: dict[str, type[pulumi.CustomResource]] = {}


def _text_properties(type_: str) -> list[str]:
    if type_ not in _classes:
        pending: list[type[pulumi.CustomResource]] = [pulumi.CustomResource]
        while pending:
            known = pending.pop()
            pending.extend(known.__subclasses__())
            if token := getattr(known, "pulumi_type", None):
                _classes[token] = known
    if type_ not in _classes:
        return []
    return [name for name, kind in _types.resource_types(_classes[type_]).items() if kind is str]


@dataclass(frozen=True)
class Query:
    """A data source that is asked for: its token, arguments and region."""

    token: str
    args: Mapping[str, Any] = field(default_factory=dict)
    region: str = NO_REGION


def _caller_identity(_: Query) -> Outputs:
    return {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:role/${{caller}}",
        "userId": "${caller.id}",
        "id": ACCOUNT,
    }


def _partition(_: Query) -> Outputs:
    return {
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
        "id": "aws",
    }


def _region(q: Query) -> Outputs:
    return {"id": q.region, "region": q.region, "name": q.region, "description": q.region, "endpoint": ""}


def _zones(q: Query) -> Outputs:
    names = [f"{q.region}{letter}" for letter in "abc"]
    return {
        "names": names,
        "zoneIds": [f"${{{name}.zoneId}}" for name in names],
        "groupNames": [q.region],
        "id": q.region,
    }


def _hosted_zone(q: Query) -> Outputs:
    name = str(q.args.get("name") or q.args.get("zoneId") or "")
    zone_id = q.args.get("zoneId") or f"${{zone({name.rstrip('.')}).zoneId}}"
    return {
        "id": zone_id,
        "zoneId": zone_id,
        "name": name,
        "arn": f"arn:aws:route53:::hostedzone/{zone_id}",
        "nameServers": [f"${{zone({name.rstrip('.')}).nameServers}}"],
        "privateZone": bool(q.args.get("privateZone", False)),
    }


def _other_vpc(q: Query) -> Outputs:
    # Its networks only AWS knows.
    return {"id": q.args.get("id"), "cidrBlockAssociations": [], "cidrBlock": f"${{{q.args.get('id')}.cidrBlock}}"}


def _authorization_token(q: Query) -> Outputs:
    return {
        "authorizationToken": Secret("placeholder"),
        "password": Secret("placeholder"),
        "userName": "AWS",
        "expiresAt": "${authorizationToken.expiresAt}",
        "proxyEndpoint": f"https://{ACCOUNT}.dkr.ecr.{q.region}.amazonaws.com",
        "id": q.region,
    }


def _balancer_zone(q: Query) -> Outputs:
    return {"id": f"${{loadBalancerZone({q.args.get('region') or q.region}).zoneId}}"}


def _balancers(q: Query) -> Outputs:
    group = (q.args.get("tags") or {}).get("ingress.k8s.aws/stack", "")
    arn = f"arn:aws:elasticloadbalancing:{q.region}:{ACCOUNT}:loadbalancer/app/${{balancer({group}).name}}"
    return {"id": q.region, "arns": [arn]}


_CAPITALS = {"sid": "Sid", "effect": "Effect", "actions": "Action", "notActions": "NotAction"}
_RESOURCES = {"resources": "Resource", "notResources": "NotResource"}


def _policy_document(q: Query) -> Outputs:
    statements = []
    for given in q.args.get("statements") or []:
        statement: dict[str, Any] = {"Effect": given.get("effect", "Allow")}
        statement |= {new: given[old] for old, new in {**_CAPITALS, **_RESOURCES}.items() if given.get(old)}
        for old, new in {"principals": "Principal", "notPrincipals": "NotPrincipal"}.items():
            if given.get(old):
                statement[new] = {each["type"]: each["identifiers"] for each in given[old]}
        for condition in given.get("conditions") or []:
            test = statement.setdefault("Condition", {}).setdefault(condition["test"], {})
            test[condition["variable"]] = condition["values"]
        statements.append(statement)
    document = json.dumps({"Version": q.args.get("version") or "2012-10-17", "Statement": statements})
    return {"json": document, "minifiedJson": document, "id": "policy"}


DATA: Mapping[str, Callable[[Query], Outputs]] = {
    "aws:ec2/getVpc:getVpc": _other_vpc,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _authorization_token,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:lb/getHostedZoneId:getHostedZoneId": _balancer_zone,
    "aws:lb/getLbs:getLbs": _balancers,
    "aws:route53/getZone:getZone": _hosted_zone,
}


def data(query: Query) -> Outputs:
    """The answer of a data source.

    Raises:
        UnknownDataSourceError: `DATA` has no row for it.
    """
    row = DATA.get(query.token)
    if row is None:
        raise UnknownDataSourceError(
            f"the program asks the data source {query.token}, which the offline preview cannot answer; "
            "add a row for it to DATA in offline/cloud.py"
        )
    return {**query.args, **row(query)}
