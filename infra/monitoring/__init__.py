"""Dashboard, alarms, and who is told of them."""
