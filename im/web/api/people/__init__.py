"""People over HTTP: who there is and who asks, by what they sign in, what each may have, and how each looks at it all."""
