"""Into a pod: by kubectl, by the API's own `exec` as frames of a websocket, or by ssh to an address."""
