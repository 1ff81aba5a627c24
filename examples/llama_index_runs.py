"""What did a query do, and how long did each part take? Every call that LlamaIndex traces becomes a row."""

from beautyspot.records import Run
from llama_index.callbacks.beautyspot import cache_llm, install
from llama_index.core import Document, MockEmbedding, VectorStoreIndex
from llama_index.core.llms import MockLLM

llm = cache_llm(MockLLM(max_tokens=20), ".beautyspot/llama_index.db", model_id="mock")
index = VectorStoreIndex([], embed_model=MockEmbedding(8))
index.insert(Document(text="A kuroko wears black."))


def tree(rows: list[Run], parent_id: str | None = None, depth: int = 0) -> None:
    for row in sorted(rows, key=lambda row: row.started_at):
        if row.parent_id == parent_id and not row.nested:
            hit = " (hit)" if row.cache_hit else ""
            print(f"{'  ' * depth}{row.kind:9} {row.name}{hit} {row.elapsed_s * 1e3:.1f} ms")
            tree(rows, row.run_id, depth + 1)


if __name__ == "__main__":
    with install(".beautyspot/llama_index.db") as recorder:
        for _ in range(2):
            index.as_query_engine(llm=llm).query("What does a kuroko wear?")
    tree(recorder.rows())
    totals = recorder.totals()
    print(f"{totals.runs} runs, {totals.calls} calls of models, {totals.hits} of them hits")
