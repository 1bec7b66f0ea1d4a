"""One search over everything that members share."""
