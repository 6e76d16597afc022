"""The sources that Litlake knows: one module each, listed here once, in the order users see them."""
