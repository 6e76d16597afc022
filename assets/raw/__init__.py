"""Bytes as received: one asset a source."""
