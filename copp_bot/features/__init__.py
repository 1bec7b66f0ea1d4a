"""One folder per feature; the same file names in each; none imports another."""
