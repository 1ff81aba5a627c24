"""Stores that LlamaIndex asks for by key: of any values, and of what an ingestion made."""
