"""All kinds of facts, a file for each stage: the kind, its part of the state, `apply`, its sentence."""
