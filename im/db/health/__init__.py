"""What is known of how well the fleet does: what its processes counted, and which of them a cloud refuses."""
