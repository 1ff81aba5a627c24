"""A dashboard in the browser over a beautyspot store; `beautyspot ui` starts it."""
