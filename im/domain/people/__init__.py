"""Who there is, what they may have of everything, and how a program proves in whose name it speaks."""
