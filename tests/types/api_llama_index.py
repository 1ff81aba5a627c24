"""What type checkers infer for each signature for LlamaIndex; read by `make check`, never run."""

from typing import Any, assert_type

from llama_index.callbacks.beautyspot import cache_llm, install_llm_cache, load_context, save_context
from llama_index.callbacks.beautyspot.installed import InstalledCache
from llama_index.core.llms import MockLLM
from llama_index.core.workflow import Context, Workflow

llm = cache_llm(MockLLM(), "answers.db", ttl="30d", tags=["trial"], cache_if=lambda response: bool(str(response)))
assert_type(llm, MockLLM)

with install_llm_cache("answers.db", mode="refresh") as installed:
    assert_type(installed, InstalledCache)


async def talk(workflow: Workflow) -> None:
    ctx = load_context(workflow, "contexts.db", "talk-1")
    assert_type(ctx, Context[Any])
    assert_type(await save_context(ctx, "contexts.db", "talk-1"), None)
