"""Bytes as received: one asset a source, made by one factory."""
