"""How GitHub's workflows prove to AWS who they are."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bootstrap import names, trust


@dataclass(frozen=True, kw_only=True)
class GitHubTokensArgs:
    """What it takes: the ARN of the provider that the account has already, or None to make one."""

    provider_arn: str | None


class GitHubTokens(pulumi.ComponentResource):
    """GitHub as an OIDC provider of the account, which can hold one: made, or the one that is there.

    AWS trusts GitHub's certificate by its authority, so there is no thumbprint to keep. Outputs: `provider_arn`.
    """

    provider_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GitHubTokensArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:bootstrap:GitHubTokens", name, None, opts)
        if args.provider_arn is None:
            self.provider_arn = aws.iam.OpenIdConnectProvider(
                f"{name}-provider",
                url=f"https://{names.GITHUB_ISSUER}",
                client_id_lists=[trust.AUDIENCE],
                opts=pulumi.ResourceOptions(parent=self),
            ).arn
        else:
            self.provider_arn = pulumi.Output.from_input(args.provider_arn)
        self.register_outputs({"provider_arn": self.provider_arn})
