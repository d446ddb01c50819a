-- The index of the music folder. All of it can be thrown away and read from the files again.

CREATE TABLE folder (
    -- The folder that the index is about; an index of another folder is not used.
    root TEXT NOT NULL
);

CREATE TABLE tracks (
    rowid        INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    -- Relative to the folder, with forward slashes.
    path         TEXT    NOT NULL UNIQUE,
    size_bytes   INTEGER NOT NULL,
    mtime_ns     INTEGER NOT NULL,
    title        TEXT    NOT NULL,
    -- Main artist first, with U+001F between two: no tag that is read contains it, and the tokenizer splits there.
    artists      TEXT    NOT NULL,
    album        TEXT,
    duration_ms  INTEGER NOT NULL,
    embedded_art INTEGER NOT NULL,
    -- Path of the folder's cover, like `path`.
    folder_art   TEXT,
    -- Artist, album, disc, number, title, folded so that comparing bytes is what people call alphabetical.
    sort_key     TEXT    NOT NULL
);

CREATE INDEX tracks_in_order ON tracks (sort_key);

-- `prefix` keeps extra indexes for the first letters that somebody types, where a scan over all words would hurt most.
CREATE VIRTUAL TABLE tracks_text USING fts5 (
    title, artists, album,
    content = 'tracks',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '1 2 3'
);

-- A word in the title says more about what is looked for than the same word in the artist, and that more than in the album.
INSERT INTO tracks_text (tracks_text, rank) VALUES ('rank', 'bm25(10.0, 4.0, 1.0)');

CREATE TRIGGER tracks_inserted AFTER INSERT ON tracks BEGIN
    INSERT INTO tracks_text (rowid, title, artists, album) VALUES (new.rowid, new.title, new.artists, new.album);
END;

CREATE TRIGGER tracks_deleted AFTER DELETE ON tracks BEGIN
    INSERT INTO tracks_text (tracks_text, rowid, title, artists, album)
    VALUES ('delete', old.rowid, old.title, old.artists, old.album);
END;

CREATE TRIGGER tracks_retitled AFTER UPDATE OF title, artists, album ON tracks BEGIN
    INSERT INTO tracks_text (tracks_text, rowid, title, artists, album)
    VALUES ('delete', old.rowid, old.title, old.artists, old.album);
    INSERT INTO tracks_text (rowid, title, artists, album) VALUES (new.rowid, new.title, new.artists, new.album);
END;
