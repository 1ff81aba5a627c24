"""What the configuration of a run chooses: `{"configurable": {"model": "gpt-5"}}` makes another model of one object."""

import sys
from collections.abc import Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

OF_GRAPHS = frozenset(("checkpoint_id", "checkpoint_map", "checkpoint_ns", "thread_id"))
"""Say where a run of LangGraph is, and choose nothing; its other names begin with two underscores."""


def configured(model: Any, config: RunnableConfig, /) -> Any:
    """Return the model that `config` makes of one by `init_chat_model`; any other as it is."""
    module = sys.modules.get("langchain.chat_models.base")
    maker = getattr(module, "_ConfigurableModel", None)
    # It tells nobody else what it makes: its own methods all begin with this.
    return model._model(config) if maker is not None and isinstance(model, maker) else model  # pyright: ignore[reportPrivateUsage] - see above


def choices(runnable: Runnable[Any, Any], config: RunnableConfig, /) -> dict[str, Any]:
    """Return what `config` chooses among that which `runnable` says can be configured in it."""
    chosen = _configurable(config)
    return {spec.id: chosen[spec.id] for spec in runnable.config_specs if spec.id in chosen}


def every_choice(config: RunnableConfig, /) -> dict[str, Any]:
    """Return all that `config` may choose, for a Runnable of which nothing is known."""
    chosen = _configurable(config)
    return {name: chosen[name] for name in chosen if not name.startswith("__") and name not in OF_GRAPHS}


def _configurable(config: RunnableConfig) -> Mapping[str, Any]:
    return config.get("configurable") or {}
