-- Whether the process serves the database alone, or shares it with others through a bus.
ALTER TABLE nodes ADD COLUMN alone BOOLEAN NOT NULL DEFAULT TRUE;
