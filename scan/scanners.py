"""All scanners: they run while plans are evaluated, and beside each other."""

import contextlib
import sys
from pathlib import Path

from scan import checkov, credentials, linters, parliament, schema
from scan.finding import Finding
from scan.planted import unplanted
from scan.stacks import stacks
from scan.stage import original, put_files, put_plans, put_repository
from scan.tool import Running, Tool, start


def findings(project: Path, stage: Path, home: Path, binaries: Path) -> list[Finding]:
    """What every scanner says, in a fixed order, without what was planted.

    Args:
        project: the project's directory.
        stage: an empty folder, for what is scanned.
        home: an empty folder, for what the tools leave behind.
        binaries: where the tools are that have a virtual environment of their own.

    Raises:
        ScanError: something cannot be scanned, or a scanner did not do its work.
    """
    own = Path(sys.executable).parent
    put_files(project, stage)
    with contextlib.ExitStack() as ends:

        def begun(tool: Tool) -> Running:
            running = start(tool, home)
            ends.callback(running.stop)
            return running

        secrets = begun(credentials.tool(binaries, put_repository(project, stage), stage))
        files = [
            begun(linters.hadolint(binaries, project, stage)),
            begun(linters.actionlint(own, project, stage)),
            begun(linters.zizmor(own, project, stage)),
        ]
        manifests = put_plans(stage, stacks(project))
        plans = [begun(each.tool(binaries, stage)) for each in (checkov, parliament)]
        found = schema.findings(manifests)
        for running in (*files, *plans, secrets):
            found += running.findings()
    return sorted(each.at(original(each.where)) for each in unplanted(found))
