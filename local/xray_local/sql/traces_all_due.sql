-- The code that derives has changed.
UPDATE traces SET derived = 0;
