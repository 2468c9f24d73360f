"""People on the page: who there is, what each may have, by what they sign in; and, for those who may, how to change it."""
