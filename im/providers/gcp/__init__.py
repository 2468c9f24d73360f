"""Google Compute Engine: machines of one project, in regions of zones; what a launch comes to is often told later."""
