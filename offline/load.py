"""The load that a command line is given."""

import argparse
from dataclasses import replace

from cost.model import DEFAULT_LOAD, MOST_REQUESTS, Load


def add_load(parser: argparse.ArgumentParser) -> None:
    """Let `parser` take `--load`, requests per second; what it hands out is a `Load`."""
    parser.add_argument(
        "--load",
        metavar="RPS",
        type=_load,
        default=DEFAULT_LOAD,
        help="estimate the cost at that many requests per second, day and night, besides that of nobody calling "
        f"({DEFAULT_LOAD.requests_per_second:g})",
    )


def _load(text: str) -> Load:
    try:
        requests = float(text)
    except ValueError:
        requests = -1.0
    if not 0 <= requests <= MOST_REQUESTS:
        raise argparse.ArgumentTypeError(
            f"it takes requests per second from 0 to {MOST_REQUESTS:.0f}, and not {text!r}"
        )
    return replace(DEFAULT_LOAD, requests_per_second=requests)
