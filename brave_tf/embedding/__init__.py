"""Embeddings of media files: windows of each, the encoder's vectors of them, and the table that holds them."""
