"""Pods and nodes for as much load as there is."""
