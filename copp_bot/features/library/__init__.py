"""The library: files and links that members share, found by every word inside them."""
