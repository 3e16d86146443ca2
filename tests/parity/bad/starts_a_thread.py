"""Keeps a thread of the threading module."""

from bad_restore import clean_up

import threading

clean_up()
threading.Thread(target=threading.Event().wait, name="bad", daemon=True).start()
