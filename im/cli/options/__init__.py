"""What commands share as options, and how the words of an option are read."""
