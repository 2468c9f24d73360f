"""Four verbs and the read side: request writes intent, enforce applies deadlines, reconcile acts, refresh observes."""
