"""Small plans for the tests of the report, of any text and shape."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from offline.plan import Plan, Resource


def resource(type_: str, name: str, inputs: Mapping[str, Any] | None = None, parent: str | None = None) -> Resource:
    urn = f"urn:pulumi:test::test::{type_}::{name}"
    return Resource(urn=urn, type=type_, name=name, parent=parent, inputs=inputs or {})


def plan(resources: Sequence[Resource], outputs: Mapping[str, Any] | None = None) -> Plan:
    return Plan(project="test", stack="test", resources=resources, outputs=outputs or {})


def network(zones: int, *, nat: str, stores: Sequence[str], text: str = "hello") -> Plan:
    """A VPC with nodes and pods. `nat` is none, one or each (zone); `stores` are of database and cache."""
    made = [resource("pulumi:providers:aws", "aws", {"region": "us-west-2"})]
    made += [resource("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16"})]
    made += [resource("aws:ec2/internetGateway:InternetGateway", "gateway")]
    made += _table("public", {"gatewayId": "${gateway.id}"})
    made += _table("data", None)
    for index, letter in enumerate("abc"[:zones]):
        by = letter if nat == "each" else "a"
        made += _subnet("public", "public", index, letter, text)
        made += _subnet("data", "data", index, letter, text)
        if nat != "none":
            made += _table(f"private-{letter}", {"natGatewayId": f"${{nat-{by}.id}}"})
            made += _subnet("private", f"private-{letter}", index, letter, text)
    for letter in {"none": "", "one": "a", "each": "abc"[:zones]}[nat]:
        made.append(
            resource("aws:ec2/natGateway:NatGateway", f"nat-{letter}", {"subnetId": f"${{public-{letter}.id}}"})
        )
    home = "public" if nat == "none" else "private"
    made += _cluster([f"${{{home}-{letter}.id}}" for letter in "abc"[:zones]], text)
    for store in stores:
        made += _store(store, [f"${{data-{letter}.id}}" for letter in "abc"[:zones]], text)
    clients = [f"10.0.{10 + index}.0/24" for index in range(zones)]
    return plan([*made, *_release(text, clients, stores, zones)], {"clientCidrs": clients})


def _table(name: str, way: Mapping[str, str] | None) -> list[Resource]:
    made = [resource("aws:ec2/routeTable:RouteTable", f"{name}-routes")]
    if way:
        inputs = {"routeTableId": f"${{{name}-routes.id}}", "destinationCidrBlock": "0.0.0.0/0", **way}
        made.append(resource("aws:ec2/route:Route", f"{name}-route", inputs))
    return made


def _subnet(tier: str, table: str, index: int, letter: str, text: str) -> list[Resource]:
    name, block = f"{tier}-{letter}", {"public": 10, "private": 20, "data": 30}[tier] + index
    subnet = {
        "availabilityZone": f"us-west-2{letter}",
        "cidrBlock": f"10.0.{block}.0/24",
        "tags": {"Name": f"test-test-{text}-{letter}"},
    }
    link = {"routeTableId": f"${{{table}-routes.id}}", "subnetId": f"${{{name}.id}}"}
    return [
        resource("aws:ec2/subnet:Subnet", name, subnet),
        resource("aws:ec2/routeTableAssociation:RouteTableAssociation", f"{name}-link", link),
    ]


def _cluster(subnets: Sequence[str], text: str) -> list[Resource]:
    access = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]}
    size = {"desiredSize": 2, "minSize": 1, "maxSize": 4}
    return [
        resource("aws:eks/cluster:Cluster", "cluster", {"name": text, "version": "1.35", "vpcConfig": access}),
        resource(
            "aws:eks/nodeGroup:NodeGroup",
            "nodes",
            {"subnetIds": list(subnets), "instanceTypes": ["t4g.small", "t4g.medium"], "scalingConfig": size},
        ),
        *(resource("aws:eks/addon:Addon", name, {"addonName": name}) for name in ("vpc-cni", "coredns")),
        resource("aws:ecr/repository:Repository", "registry", {"name": text}),
    ]


def _store(kind: str, subnets: Sequence[str], text: str) -> list[Resource]:
    group, port = f"{kind}-group", {"database": 5432, "cache": 6379}[kind]
    rule = {
        "securityGroupId": f"${{{group}.id}}",
        "referencedSecurityGroupId": "${cluster.clusterSecurityGroupId}",
        "ipProtocol": "tcp",
        "fromPort": port,
        "toPort": port,
    }
    made = [
        resource("aws:ec2/securityGroup:SecurityGroup", group),
        resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"{kind}-rule", rule),
    ]
    groups = [f"${{{group}.id}}"]
    if kind == "database":
        inputs: dict[str, Any] = {"engine": "postgres", "engineVersion": text, "dbSubnetGroupName": "${subnets.id}"}
        return [
            *made,
            resource("aws:rds/subnetGroup:SubnetGroup", "subnets", {"subnetIds": list(subnets)}),
            resource("aws:rds/instance:Instance", "database", {**inputs, "vpcSecurityGroupIds": groups}),
        ]
    inputs = {"engine": "valkey", "subnetIds": list(subnets), "securityGroupIds": groups}
    return [*made, resource("aws:elasticache/serverlessCache:ServerlessCache", "cache", inputs)]


def _release(text: str, clients: Sequence[str], stores: Sequence[str], zones: int) -> list[Resource]:
    def meta(name: str) -> dict[str, Any]:
        return {"name": name, "namespace": text}

    labels = {"app": "web"}
    container = {"name": "web", "ports": [{"containerPort": 8080, "name": "http"}]}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    data = [{"ipBlock": {"cidr": f"10.0.{30 + index}.0/24"}} for index in range(zones)]
    ports = [{"port": {"database": 5432, "cache": 6379}[store], "protocol": "TCP"} for store in stores]
    policy: dict[str, Any] = {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"ipBlock": {"cidr": cidr}} for cidr in clients], "ports": [{"port": 8080}]}],
        "egress": [{"to": data, "ports": ports}] if stores else [],
    }
    annotations = {"alb.ingress.kubernetes.io/scheme": "internet-facing"}
    ingress = {"metadata": {**meta(text), "annotations": annotations}, "spec": {"rules": [{"host": text}]}}
    service = {"selector": labels, "ports": [{"port": 80, "targetPort": "http"}]}
    return [
        resource("kubernetes:networking.k8s.io/v1:Ingress", "ingress", ingress),
        resource("kubernetes:core/v1:Service", "service", {"metadata": meta(text), "spec": service}),
        resource(
            "kubernetes:apps/v1:Deployment", "web", {"metadata": meta(text), "spec": {"replicas": 2, "template": pod}}
        ),
        resource("kubernetes:networking.k8s.io/v1:NetworkPolicy", "policy", {"metadata": meta(text), "spec": policy}),
        resource("kubernetes:helm.sh/v3:Release", "chart", {"name": text, "namespace": "kube-system", "version": text}),
        resource("aws:iam/role:Role", "role", {"assumeRolePolicy": json.dumps({"Statement": []})}),
    ]


def without(given: Plan, *names: str) -> Plan:
    """The plan without the resources of these logical names."""
    kept = [each for each in given.resources if each.name not in names]
    assert len(kept) == len(given.resources) - len(names)
    return plan(kept, given.outputs)


def changed(given: Plan, name: str, inputs: Mapping[str, Any]) -> Plan:
    """The plan with other inputs of one resource."""
    assert any(each.name == name for each in given.resources)
    made = [resource(each.type, each.name, inputs) if each.name == name else each for each in given.resources]
    return plan(made, given.outputs)
