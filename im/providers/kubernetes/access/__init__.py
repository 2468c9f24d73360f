"""How a cluster is reached: which, as whom, by what proof."""
