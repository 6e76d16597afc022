"""The Hugging Face papers lists: the JSON interface and the listing page, whose items are the same."""
