"""All pairs of many traits: store, tiles, results, and what is made of them."""
