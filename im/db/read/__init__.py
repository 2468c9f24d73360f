"""What a look reads, by the driver alone."""
