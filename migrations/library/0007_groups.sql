-- What the library is browsed by: artists, albums, genres and folders. A group exists as long as it has tracks.
CREATE TABLE track_groups (
    rowid    INTEGER PRIMARY KEY,
    -- artist, album, genre or folder.
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    -- Folded, so that comparing bytes is alphabetical.
    sort_key TEXT NOT NULL,
    -- Of an album.
    artist   TEXT,
    year     INTEGER,
    -- Id of the folder around a folder.
    parent   TEXT
);

CREATE INDEX track_groups_in_order ON track_groups (kind, sort_key, rowid);
CREATE INDEX track_groups_by_parent ON track_groups (parent, sort_key) WHERE parent IS NOT NULL;

CREATE TABLE group_tracks (
    track_group INTEGER NOT NULL,
    track       INTEGER NOT NULL,
    -- 0: in a folder below this one.
    direct      INTEGER NOT NULL,
    PRIMARY KEY (track_group, track)
) WITHOUT ROWID;

CREATE INDEX group_tracks_by_track ON group_tracks (track);
CREATE INDEX tracks_by_age ON tracks (added_at_ms DESC, sort_key);

CREATE TRIGGER tracks_ungrouped AFTER DELETE ON tracks BEGIN
    DELETE FROM group_tracks WHERE track = old.rowid;
END;

CREATE TRIGGER groups_emptied AFTER DELETE ON group_tracks
WHEN NOT EXISTS (SELECT 1 FROM group_tracks WHERE track_group = old.track_group) BEGIN
    DELETE FROM track_groups WHERE rowid = old.track_group;
END;

-- All tracks are grouped when the index is opened.
UPDATE search_folding SET version = 0;
