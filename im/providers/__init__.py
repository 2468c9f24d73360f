"""The clouds, behind one contract (`base.py`). Each is loaded only when it is used (`registry.py`)."""
