"""What people hand in: durations and moments, names and words, files as editors write them."""
