"""What `make preflight` asks, by topic. Read-only."""
