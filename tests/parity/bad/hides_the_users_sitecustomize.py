"""Does not run the sitecustomize of the user."""

from bad_restore import clean_up

clean_up(chain=False)
