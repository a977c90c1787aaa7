"""`python -m bench.sdk_modules STACK`: the modules of the SDKs that evaluating a stack loads, one a line.

The providers' packages load their parts when they are asked for, so importing the packages alone is a small part of
what a program has to import.
"""

import sys

PACKAGES = ("pulumi", "pulumi_aws", "pulumi_docker", "pulumi_eks", "pulumi_kubernetes")


def main() -> None:
    """Evaluate the stack and print."""
    from bench.processes import PROJECT
    from offline.references import evaluate_with_references

    evaluate_with_references(PROJECT, sys.argv[1])
    loaded = [name for name in list(sys.modules) if name.partition(".")[0] in PACKAGES]
    # Those that were asked for stand in their package; a lazy one that nobody has used is not loaded yet.
    sys.stdout.write("\n".join(name for name in loaded if type(sys.modules[name]).__name__ == "module") + "\n")


if __name__ == "__main__":
    main()
