//! Reads pieces of a file of unknown format.

use std::io::{self, Read, Seek, SeekFrom};

/// A file and its length.
#[derive(Debug)]
pub struct Reader<F> {
    /// The file, at any position.
    pub file: F,
    /// Its length.
    pub bytes: u64,
}

impl<F: Read + Seek> Reader<F> {
    /// Reads `file` as long as it is now.
    pub fn new(mut file: F) -> io::Result<Self> {
        let bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, bytes })
    }

    /// Up to `most` bytes from `at` on; fewer at the end of the file.
    pub fn read(&mut self, at: u64, most: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.bytes.saturating_sub(at)).unwrap_or(usize::MAX);
        let length = most.min(left);
        let mut buffer = Vec::with_capacity(length);
        self.file.seek(SeekFrom::Start(at))?;
        self.file.by_ref().take(length as u64).read_to_end(&mut buffer)?;
        Ok(buffer)
    }
}

/// The big-endian number at `at`, if there are as many bytes.
pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The big-endian number at `at`, if there are as many bytes.
pub fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
