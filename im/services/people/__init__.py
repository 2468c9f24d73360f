"""People: who there is, how a program proves in whose name it speaks, and what each may have of everything."""
