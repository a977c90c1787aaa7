"""Once per account: where the state lives, and who may do what."""

import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

# The engine starts a program in its own folder; this one's packages are beside it.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from bootstrap import access, names, settings
from bootstrap.github import GitHubTokens, GitHubTokensArgs
from bootstrap.state import StateStore, StateStoreArgs

config, name = settings.load(), names.PROJECT
# Not the tags of a stack: those say whose something is, and this is no stack's.
tags = {"project": names.BOOTSTRAP_PROJECT, "stack": pulumi.get_stack(), "managed-by": "pulumi"}
provider = aws.Provider(f"{name}-aws", region=config.region, default_tags={"tags": tags})
in_aws = pulumi.ResourceOptions(providers={"aws": provider})
account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=provider)).account_id

store = StateStore(f"{name}-state", StateStoreArgs(account=account, region=config.region), in_aws)
github = GitHubTokens(f"{name}-github", GitHubTokensArgs(provider_arn=config.github_oidc_provider), in_aws)
roles = access.create(config, account, store.key_arn, github.provider_arn, in_aws)

pulumi.export("stateBucket", store.bucket)
pulumi.export("backendUrl", store.backend_url)
pulumi.export("secretsProvider", names.secrets_provider(config.region))
pulumi.export("previewRole", roles.preview)
pulumi.export("reviewRole", roles.review)
pulumi.export("deployRoles", roles.deploy)
pulumi.export("boundaries", roles.boundaries)
