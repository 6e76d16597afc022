"""The way of one day as Dagster assets, one folder a stage, in the order of the flow.

Each folder keeps its asset definitions in ``assets.py`` (thin: read, call, write, describe) and its logic in plain
modules beside it. The logic knows nothing of Dagster or of ``orchestration``; it takes values and returns frames.
"""
