"""A tear-down that leaves nothing: what stands on a stack, what holds it, what AWS leaves behind, and the residue."""
