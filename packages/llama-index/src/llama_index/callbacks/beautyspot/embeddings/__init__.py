"""Embeddings: what tells their models apart, how a batch comes by its vectors, and how these lie on the disk."""
