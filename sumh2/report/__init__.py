"""One page of HTML from any saved result: what was estimated, what it means, what would mislead."""
