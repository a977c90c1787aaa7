"""Whether AWS has been let into the Slack workspace that alarms go to."""

from collections.abc import Iterable

from delivery.checks.result import Result, fail, ok
from delivery.checks.site import Site
from infra.monitoring.slack import SERVICE_REGION

ASKED = "Slack workspace"


def workspace(site: Site) -> Iterable[Result]:
    """A person has to do it once, in the console."""
    wanted = site.settings.alert_slack_workspace
    if not wanted:
        return
    rows = site.aws.items("chatbot", "describe_slack_workspaces", "SlackWorkspaces", where=SERVICE_REGION)
    if any(each["SlackTeamId"] == wanted for each in rows):
        yield ok(ASKED, wanted)
    else:
        cure = "authorise it once: docs/monitoring.md says where"
        yield fail(ASKED, f"AWS has not been let into {wanted}", cure)
