"""A platform of the stack's own: network, cluster, nodes, controller and registry."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra import addons, subnets
from infra.access import Access, AccessArgs, role_mappings, user_mappings
from infra.cluster import Cluster, ClusterArgs
from infra.data import services as data_services
from infra.fenced_access import FencedAccess, FencedAccessArgs
from infra.fenced_access import grants as fenced_grants
from infra.flow_logs import FlowLogs, FlowLogsArgs
from infra.kubernetes_provider import kubernetes_provider
from infra.load_balancer import NAMESPACE as CONTROLLER_NAMESPACE
from infra.load_balancer import LoadBalancerController, LoadBalancerControllerArgs
from infra.network import Network, NetworkArgs
from infra.nodes import NodeRole, Nodes, NodesArgs
from infra.observability import Observability, ObservabilityArgs
from infra.ordering import after
from infra.peering import Peering, PeeringArgs
from infra.platform import Platform
from infra.registry import Registry, RegistryArgs
from infra.scaling import parts as scaling
from infra.scaling.keda import NAMESPACE as KEDA_NAMESPACE
from infra.settings import PROJECT, Settings


def create(settings: Settings, tags: Mapping[str, str], aws_provider: aws.Provider) -> Platform:
    """Make the platform.

    Args:
        settings: the stack's.
        tags: for what AWS or a controller makes behind the provider's back, which the provider cannot tag.
        aws_provider: makes what is in AWS.
    """
    name, opts = f"{PROJECT}-{pulumi.get_stack()}", pulumi.ResourceOptions(providers=[aws_provider])
    grants = [*settings.grants, *fenced_grants(settings.review_role, settings.preview_role)]
    cuts = subnets.cut(settings.network_cidr, settings.zones)
    versions = addons.VERSIONS[settings.kubernetes_version]
    network = Network(
        f"{PROJECT}-network",
        NetworkArgs(
            region=settings.region,
            name_tag=name,
            cidr=str(settings.network_cidr),
            subnets=cuts,
            nat=settings.nat,
            nat_per_zone=settings.nat_per_zone,
        ),
        opts,
    )
    if settings.flow_logs:
        FlowLogs(
            f"{PROJECT}-flow-logs",
            FlowLogsArgs(
                vpc_id=network.vpc_id,
                log_group_name=f"/{name}/vpc-flow-logs",
                retention_days=settings.log_retention_days,
            ),
            opts,
        )
    node_role = NodeRole(f"{PROJECT}-node", opts)
    cluster = Cluster(
        f"{PROJECT}-cluster",
        ClusterArgs(
            cluster_name=name,
            kubernetes_version=settings.kubernetes_version,
            addon_versions=versions,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            service_cidr=str(settings.service_cidr),
            public_access_cidrs=[str(cidr) for cidr in settings.public_access_cidrs],
            authentication_mode=settings.authentication_mode,
            role_mappings=role_mappings(grants),
            user_mappings=user_mappings(grants),
            node_role=node_role.role,
            deploy_role_arn=settings.deploy_role,
            log_types=settings.control_plane_logs,
            log_retention_days=settings.log_retention_days,
            deletion_protection=settings.protect,
            tags=tags,
        ),
        opts,
    )
    access = Access(f"{PROJECT}-access", AccessArgs(cluster_name=cluster.cluster_name, grants=grants), opts)
    provider = kubernetes_provider(
        kubeconfig=cluster.kubeconfig,
        # A kubeconfig may change; what makes it another cluster, and every object another object, is its name.
        cluster_identifier=name,
        # Nothing says it but this edge: objects are made with the rights of an access entry, and deleted before it.
        opts=pulumi.ResourceOptions(depends_on=[access]),
    )
    in_cluster = pulumi.ResourceOptions(providers={"kubernetes": provider})
    nodes = Nodes(
        f"{PROJECT}-nodes",
        NodesArgs(
            cluster=cluster.cluster,
            cluster_name=cluster.node_cluster_name,
            kubernetes_version=settings.kubernetes_version,
            addon_versions=versions,
            subnet_ids=network.egress_subnet_ids,
            role_arn=node_role.arn,
            architecture=settings.node_architecture,
            instance_types=settings.node_instance_types,
            capacity=settings.node_capacity,
            min_size=settings.node_min,
            desired_size=settings.node_desired,
            max_size=settings.node_max,
            autoscaled=settings.node_autoscaling,
            disk_gib=settings.node_disk_gib,
            name_tag=f"{name}-node",
            tags=tags,
        ),
        opts,
    )
    if settings.observability:
        Observability(
            f"{PROJECT}-observability",
            ObservabilityArgs(
                region=settings.region,
                log_group_prefix=f"/aws/containerinsights/{name}",
                retention_days=settings.log_retention_days,
                cluster_name=cluster.cluster_name,
                node_cluster_name=nodes.cluster_name,
                addon_versions=versions,
            ),
            opts,
        )
    in_both = pulumi.ResourceOptions.merge(opts, in_cluster)
    keda_identity = scaling.create(settings, cluster.cluster_name, nodes.cluster_name, cluster.kubeconfig, in_both)
    controller = LoadBalancerController(
        f"{PROJECT}-load-balancer",
        LoadBalancerControllerArgs(
            cluster_name=cluster.cluster_name,
            node_cluster_name=nodes.cluster_name,
            region=settings.region,
            vpc_id=network.vpc_id,
            kubeconfig=cluster.kubeconfig,
            chart_repository=settings.chart_repository,
            tags=tags,
        ),
        in_both,
    )
    helm_namespaces: dict[str, pulumi.Input[str]] = {"helm": CONTROLLER_NAMESPACE}
    if keda_identity is not None:
        helm_namespaces["keda"] = after(KEDA_NAMESPACE, keda_identity)
    fenced = FencedAccessArgs(
        reviews=settings.review_role is not None,
        previews=settings.preview_role is not None,
        helm_namespaces=helm_namespaces,
    )
    if fenced.reviews or fenced.previews:
        FencedAccess(f"{PROJECT}-access-fenced", fenced, in_cluster)
    data = data_services.create(
        settings,
        data_services.Place(
            name=name,
            vpc_id=network.vpc_id,
            subnets=cuts,
            client_group_id=cluster.cluster.cluster_security_group_id,
            cluster_name=cluster.cluster_name,
            aws_provider=aws_provider,
        ),
    )
    if settings.peer_vpc and settings.peer_cidr:
        Peering(
            f"{PROJECT}-peering",
            PeeringArgs(
                name_tag=f"{name}-peering",
                vpc_id=network.vpc_id,
                network_cidr=settings.network_cidr,
                route_table_ids={**network.route_table_ids, **data.route_table_ids},
                peer_vpc_id=settings.peer_vpc,
                peer_cidr=settings.peer_cidr,
                peer_route_tables=settings.peer_route_tables,
                cluster_security_group_id=cluster.cluster.cluster_security_group_id,
            ),
            opts,
        )
    registry = Registry(
        f"{PROJECT}-registry", RegistryArgs(repository_name=name, force_delete=not settings.protect), opts
    )
    return Platform(
        provider=provider,
        kubeconfig=cluster.kubeconfig,
        cluster_name=cluster.cluster_name,
        registry_url=registry.url,
        client_cidrs=[str(cut.public) for cut in cuts],
        namespace=PROJECT,
        group=name,
        ingress_class=controller.ingress_class,
        keda_identity=keda_identity,
        peer_cidr=str(settings.peer_cidr) if settings.peer_cidr else None,
        aws_provider=aws_provider,
        state=data.state,
        server=data.server,
        database_identifier=data.database_identifier,
        cache_name=data.cache_name,
    )
