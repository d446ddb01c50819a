-- Words of tracks, folded by the program before they are written (src/providers/library/search). The rows are those of
-- `tracks`; the text itself is not kept.
DROP TRIGGER tracks_inserted;
DROP TRIGGER tracks_deleted;
DROP TRIGGER tracks_retitled;
DROP TABLE tracks_text;

CREATE VIRTUAL TABLE search_words USING fts5 (
    title, artists, album, other,
    content = '',
    contentless_delete = 1,
    tokenize = 'ascii',
    prefix = '1 2 3'
);

-- A word in the title says more about what is looked for than the same word in the artist, and that more than in the album.
INSERT INTO search_words (search_words, rank) VALUES ('rank', 'bm25(10.0, 5.0, 3.0, 1.0)');

CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab (search_words, row);

CREATE TRIGGER tracks_deleted AFTER DELETE ON tracks BEGIN
    DELETE FROM search_words WHERE rowid = old.rowid;
END;

-- The version of the folding that all rows were written with; another one rebuilds them.
CREATE TABLE search_folding (version INTEGER NOT NULL);
INSERT INTO search_folding (version) VALUES (0);
