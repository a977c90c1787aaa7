-- Fills a new database with something to look at. Run once, and only where nothing has been counted yet.
UPDATE visits SET total = 1000;
