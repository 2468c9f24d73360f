"""`python -P -m workers worker …`: Celery's own commands on our application as it is installed.

`celery -A workers.main` looks into the current folder first, so that whoever can write there would run with the cloud's keys.
"""

import os
import sys

from workers.main import app

if __name__ == "__main__":
    # Flower runs a `flowerconfig.py` of the current folder as Python, unless it is told of another file
    os.environ.setdefault("FLOWER_CONF", os.devnull)
    sys.exit(app.start(["--quiet", *sys.argv[1:]]))
