"""Vectors: what tells their models apart, how a batch comes by them, and how they lie on the disk."""
