-- The passcode of a room, sealed, so that it can be shown. NULL beside a hash: the room is from before, and only the hash is
-- known.
ALTER TABLE rooms ADD COLUMN passcode_sealed VARBINARY(512) NULL;
