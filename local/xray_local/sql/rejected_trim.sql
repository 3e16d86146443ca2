-- A sender in a loop must not fill the disk with one and the same mistake.
DELETE FROM rejected WHERE seq <= (SELECT max(seq) FROM rejected) - ?;
