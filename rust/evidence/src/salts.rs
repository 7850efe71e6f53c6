//! Salts: 144 random bits each, as 24 characters of base64, cut from blocks that the caller draws.
use base64::engine::general_purpose::STANDARD;
use base64::Engine;

use crate::error::Error;

const RANDOM_BYTES: usize = 18;
pub const CHARACTERS: usize = 24;

#[derive(Default)]
pub struct Salts {
    text: String,
    at: usize,
}

impl Salts {
    /// Go on with a new block; what was left of the last one is dropped.
    pub fn renew(&mut self, random: &[u8]) -> Result<(), Error> {
        if random.is_empty() || !random.len().is_multiple_of(RANDOM_BYTES) {
            return Err(Error::SaltLength);
        }
        self.text.clear();
        STANDARD.encode_string(random, &mut self.text);
        self.at = 0;
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.at == self.text.len()
    }

    /// The next salt: never given twice.
    pub fn next(&mut self) -> Option<&str> {
        let start = self.at;
        let salt = self.text.get(start..start + CHARACTERS)?;
        self.at = start + CHARACTERS;
        Some(salt)
    }
}
