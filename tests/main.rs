//! All integration tests: one binary, modules that mirror `src/`.

mod music;
