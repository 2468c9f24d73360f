"""Lambda: GPU machines that cannot be stopped, one a call, with tags that are said at the launch and never again."""
