"""What a release is made of, and the same bytes each time: `make release`."""
