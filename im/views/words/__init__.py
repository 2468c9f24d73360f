"""What is told in words: times, money and how fresh the facts are, for the command line and the page alike."""
