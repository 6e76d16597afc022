"""arXiv: the answers of its OAI-PMH service and of its search interface."""
