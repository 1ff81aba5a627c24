"""The servers that tests may ask for; each is started once, by the first test that does."""

pytest_plugins: tuple[str, ...] = (
    "servers.dashboard",
    "servers.object_stores",
    "servers.openai_api",
    "servers.postgres",
    "servers.redis",
)
