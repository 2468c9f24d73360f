"""What workers are rung with: the tasks and their queues, the Celery application's wire, and how to look at both."""
