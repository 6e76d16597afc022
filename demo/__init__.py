"""The bundled sample days of `litlake demo`: listing files as package data, and what to expect of them.

Here stand the files that the demo lands and the outcome of every day. What does not belong here: landing, running or
printing the days (`orchestration.cli`), and any text of an abstract that is not Litlake's own.
"""
