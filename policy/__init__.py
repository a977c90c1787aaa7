"""What no stack may do, as rules over planned resources."""
