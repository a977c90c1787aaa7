"""What a plan costs in a month."""
