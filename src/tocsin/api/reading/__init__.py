"""Lists that only this face needs, page by page; what may be seen is in each query."""
