"""Driving the engine without changing what a person has selected."""

from pulumi.automation import LocalWorkspace


class QuietWorkspace(LocalWorkspace):
    """The Automation API's workspace, except that it leaves the stack that a person has selected as it is.

    Selecting is for the whole machine: after `make promote STACK=prod` a bare `pulumi up` would be one of prod.
    """

    def select_stack(self, stack_name: str) -> None:
        self.pulumi_command.run(["stack", "--show-name", "--stack", stack_name], self.work_dir, self.env_vars)

    def create_stack(self, stack_name: str) -> None:
        provider = ["--secrets-provider", self.secrets_provider] if self.secrets_provider else []
        self.pulumi_command.run(["stack", "init", "--no-select", *provider, stack_name], self.work_dir, self.env_vars)
