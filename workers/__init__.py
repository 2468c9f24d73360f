"""The fleet: Celery workers that answer doorbells, and the beat that rings them on time."""
