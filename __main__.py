"""The service, from its source to its address, in one Pulumi stack."""

import pulumi

from infra import address, exposure, image_source, settings
from infra.data import server as database_server
from infra.monitoring import watch as monitoring
from infra.platforms import platform
from infra.release import Release, ReleaseArgs
from infra.scaling import requests as request_scaling

config, name, stack = settings.load(), settings.PROJECT, pulumi.get_stack()
tags = {"project": name, "stack": stack, "managed-by": "pulumi", **config.tags}
home = platform(config, tags)
image = image_source.choose(config, home)
site = address.create(config, home.aws_provider)

workload = ReleaseArgs(
    image=image.reference,
    pulled=image.pulled,
    before_rollout=image.before_rollout,
    namespace=home.namespace,
    shared=home.shared,
    environment=stack,
    message=config.message,
    min_replicas=config.replicas_min,
    max_replicas=config.replicas_max,
    cpu_target_percent=config.cpu_target_percent,
    autoscaled_elsewhere=home.keda_identity is not None,
    rollout_seconds=config.rollout_seconds,
    exposure=exposure.of(home.ingress_class, home.group, site.hostnames, site.certificate_arn),
    client_cidrs=home.client_cidrs,
    state=home.state,
    peer_cidr=home.peer_cidr,
    kubeconfig=home.kubeconfig,
)
release = Release(f"{name}-release", workload, pulumi.ResourceOptions(providers={"kubernetes": home.provider}))
database_server.provision(home.server, release, home.provider)
request_scaling.scale(config, home, release)
monitoring.watch(config, home, site, release)

for output, url in site.publish(release.balancer_name, config.region, home.aws_provider).items():
    pulumi.export(output, url)
pulumi.export("image", release.image)
pulumi.export("clusterName", home.cluster_name)
pulumi.export("clientCidrs", home.client_cidrs)
pulumi.export("kubeconfig", home.kubeconfig)
pulumi.export("namespace", release.namespace)
pulumi.export("registry", home.registry_url)
pulumi.export("database", database_server.offer(home.server))
