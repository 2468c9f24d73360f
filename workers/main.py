"""What `celery -A workers.main` runs: the application on this process's environment."""

from im.settings import Settings
from workers.app import make_app

app = make_app(Settings.from_env())
