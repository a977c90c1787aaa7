"""`python -m bench`: measure and print."""

import sys
from pathlib import Path

from bench.processes import Cost, run
from bench.service import MINIMAL, SERVICE, cpu_per_request

PROJECT = Path(__file__).parent.parent
ROUNDS = 3
IMPORTS = "import pulumi, pulumi_aws, pulumi_docker, pulumi_eks, pulumi_kubernetes"


def main() -> None:
    """Print one line per figure: what, its ratio, and what it was measured against."""
    imports = best([sys.executable, "-c", IMPORTS])
    for stack in ("dev", "prod"):
        preview = best([sys.executable, "-m", "offline", "preview", "--stack", stack, "--format", "json"])
        title = f"offline preview of {stack}"
        say(title, preview.seconds / imports.seconds, f"the time of importing the SDKs ({preview.seconds:.1f} s)")
        say(title, preview.mebibytes / imports.mebibytes, f"their memory ({preview.mebibytes:.0f} MiB)")
    ratio = cpu_per_request(SERVICE) / cpu_per_request(MINIMAL)
    say("service, GET /", ratio, "the CPU per request of the least ASGI application on the same server")


def say(what: str, ratio: float, of: str) -> None:
    """Print one figure."""
    sys.stdout.write(f"{what:24} {ratio:5.1f} x {of}\n")


def best(command: list[str]) -> Cost:
    """The least cost of a few runs, since noise only ever adds."""
    costs = [run(command, PROJECT) for _ in range(ROUNDS)]
    return Cost(min(cost.seconds for cost in costs), 0.0, min(cost.mebibytes for cost in costs))


if __name__ == "__main__":
    main()
