"""Ingestion: what a transformation made of each node or document, kept apart from their identity."""
