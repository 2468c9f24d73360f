"""The soak: a whole fleet of real processes, people who ask it for machines, and a nemesis that breaks something every few seconds.

`python -m tests.chaos.soak --seconds 600 --seed 7` prints what it does with the time and the seed, and ends with five figures:
lost, doubled, orphaned, past their deadline, touched though foreign. All have to be zero.
"""
