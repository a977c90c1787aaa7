"""One page about a stack, to look at: `python -m report --stack dev`."""
