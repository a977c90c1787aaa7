"""Once per account: where the state lives, and who may do what. `make bootstrap` runs it."""
