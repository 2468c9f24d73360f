"""The page: HTML for people, over the same services and the same documents as the API."""
