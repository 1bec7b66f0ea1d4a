"""Group spaces: knowing of them, asking to join, bringing people in, leaving."""
