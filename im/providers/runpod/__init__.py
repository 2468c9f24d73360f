"""RunPod: pods, which are containers with GPUs; a stop empties all of their disk but one volume, and gives the GPUs away."""
