"""`python -P -m workers worker …`: Celery's own commands on our application as it is installed.

`celery -A workers.main` looks into the current folder first, so that whoever can write there would run with the cloud's keys.
"""

import os
import sys
import warnings

from celery.exceptions import SecurityWarning

from workers.main import app
from workers.nameless import nameless

if __name__ == "__main__":
    # Flower runs a `flowerconfig.py` of the current folder as Python, unless it is told of another file
    os.environ.setdefault("FLOWER_CONF", os.devnull)
    if nameless():  # Celery takes it for root, and says so at length
        warnings.simplefilter("ignore", SecurityWarning)
    sys.exit(app.start(["--quiet", *sys.argv[1:]]))
