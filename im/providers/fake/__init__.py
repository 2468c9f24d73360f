"""An in-memory cloud under the same contract, for tests and for trying things."""
