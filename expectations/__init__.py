"""What must be true of a day before it is released: suites as data, one runner, the checks that span frames.

Nothing here imports the orchestration, reads storage or decides about a release: frames go in, verdicts come out.
"""
