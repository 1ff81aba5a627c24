"""Middleware for `langchain.agents.create_agent`, which comes with the extra `agents`."""

from langchain_beautyspot.extras import need

need("agents", "langchain.agents.middleware", "middleware")
