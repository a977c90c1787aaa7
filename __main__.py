"""The service, from its source to its address, in one Pulumi stack."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra import address, platform, settings
from infra.exposure import ExposureArgs
from infra.image import Image, ImageArgs
from infra.release import Release, ReleaseArgs

config, name, stack = settings.load(), settings.PROJECT, pulumi.get_stack()
tags = {"project": name, "stack": stack, "managed-by": "pulumi", **config.tags}
provider = aws.Provider(f"{name}-aws", region=config.region, default_tags={"tags": tags})
in_aws = pulumi.ResourceOptions(providers={"aws": provider})

home = platform.create(config, tags, in_aws)

image: pulumi.Input[str] = config.image or ""
if not config.image:
    arch, url = config.node_architecture, config.source_url
    build = ImageArgs(repository_url=home.registry_url, context=Path("app"), architecture=arch, source_url=url)
    image = Image(f"{name}-image", build, in_aws).reference

site = address.create(config, pulumi.InvokeOutputOptions(provider=provider), in_aws)
exposure = ExposureArgs(
    ingress_class=home.ingress_class, group=home.group, hostname=site.hostname, certificate_arn=site.certificate_arn
)
workload = ReleaseArgs(
    image=image,
    environment=stack,
    message=config.message,
    min_replicas=config.replicas_min,
    max_replicas=config.replicas_max,
    cpu_target_percent=config.cpu_target_percent,
    rollout_seconds=config.rollout_seconds,
    exposure=exposure,
    client_cidrs=home.client_cidrs,
    kubeconfig=home.kubeconfig,
)
release = Release(f"{name}-release", workload, pulumi.ResourceOptions(providers={"kubernetes": home.provider}))

pulumi.export("url", site.publish(release.balancer_name, config.region, in_aws))
pulumi.export("image", release.image)
pulumi.export("clusterName", home.cluster_name)
pulumi.export("kubeconfig", home.kubeconfig)
pulumi.export("namespace", release.namespace)
pulumi.export("registry", home.registry_url)
