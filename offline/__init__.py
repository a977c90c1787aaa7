"""The offline preview: what a stack's program would register, evaluated without a CLI, a network or an account."""
