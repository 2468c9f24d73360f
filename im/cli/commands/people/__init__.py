"""Who there is, what they may have and do, whose what is, and who did what."""
