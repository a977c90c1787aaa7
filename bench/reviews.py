"""`python -m bench.reviews NUMBER…`: evaluate review stacks of dev, one after the other, in this process.

After each of the numbers it prints that number, the seconds since the beginning, and the peak of its memory in MiB.
"""

import resource
import sys
import time

from bench.processes import PROJECT, UNITS_PER_MEBIBYTE


def main(numbers: set[int]) -> None:
    """Evaluate as many as the largest number, each as `python -m offline` would, and keep all plans."""
    started = time.perf_counter()
    from offline.references import evaluate_with_references

    settings = {"helloworld:platform": "reference", "helloworld:platformStack": "dev"}
    plans = []
    for number in range(1, max(numbers) + 1):
        plans.append(evaluate_with_references(PROJECT, f"pr-{number}", settings))
        if number in numbers:
            mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNITS_PER_MEBIBYTE
            sys.stdout.write(f"{number} {time.perf_counter() - started:.3f} {mebibytes:.1f}\n")


if __name__ == "__main__":
    main({int(number) for number in sys.argv[1:]})
