"""Colombian rules: identification, municipalities, holidays, pesos and phones."""
