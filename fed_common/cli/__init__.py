"""The mcfed command line: an HTTP client only."""
