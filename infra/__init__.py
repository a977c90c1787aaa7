"""The program's components, one per file, and the pure helpers beside them."""
