"""The worked numbers of the literature, computed again."""
