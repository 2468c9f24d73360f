"""im for agents, by the Model Context Protocol: tools that ask the API, in the right of whoever has started or called it."""

CHANNEL_HEADER = "X-Im-Channel"
"""In a request of a tool: `mcp`, for the history."""
