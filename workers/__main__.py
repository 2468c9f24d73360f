"""`python -P -m workers worker …`: Celery's own commands on our application as it is installed.

`celery -A workers.main` looks into the current folder first, so that whoever can write there would run with the cloud's keys.
"""

import sys

from workers.main import app

if __name__ == "__main__":
    sys.exit(app.start(["--quiet", *sys.argv[1:]]))
