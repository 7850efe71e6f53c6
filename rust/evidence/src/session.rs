//! What all records of a session have in common, and the key that seals them.
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;

use crate::error::Error;

pub const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/// The parts of a line are kept as they stand in it.
pub struct Session {
    cipher: Box<Aes256Gcm>,
    associated: Vec<u8>,
    /// `{"about":…,"actor":…,"at":`
    pub head: Vec<u8>,
    /// `,"key":"…"`
    pub key: Vec<u8>,
    /// `","session":…,"v":1}` and the line break
    pub tail: Vec<u8>,
}

impl Session {
    /// `identity` names the key in records; `associated` is authenticated beside every field; `session` is the
    /// session's id as canonical JSON. Its actor is not known yet.
    pub fn new(
        key: &[u8; KEY_BYTES],
        identity: &str,
        associated: &[u8],
        session: &[u8],
    ) -> Result<Self, Error> {
        let mut made = Session {
            cipher: Box::new(Aes256Gcm::new(key.into())),
            associated: associated.to_vec(),
            head: Vec::new(),
            key: [b",\"key\":\"", identity.as_bytes(), b"\""].concat(),
            tail: [b"\",\"session\":", session, b",\"v\":1}\n"].concat(),
        };
        one_line(identity.as_bytes())?;
        one_line(session)?;
        made.introduce(b"\"\"", b"")?;
        Ok(made)
    }

    /// Who acts, and what the session is about (empty: nothing known), both as canonical JSON.
    pub fn introduce(&mut self, actor: &[u8], about: &[u8]) -> Result<(), Error> {
        one_line(actor)?;
        one_line(about)?;
        let mut head = b"{".to_vec();
        if !about.is_empty() {
            head.extend_from_slice(b"\"about\":");
            head.extend_from_slice(about);
            head.push(b',');
        }
        head.extend_from_slice(b"\"actor\":");
        head.extend_from_slice(actor);
        head.extend_from_slice(b",\"at\":");
        self.head = head;
        Ok(())
    }

    /// Encrypt what is in `field` for the record at `index`, in place, its tag behind it. The index is the nonce: a
    /// key must see each index once.
    pub fn seal(&self, index: u64, field: &mut Vec<u8>) -> Result<(), Error> {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&index.to_be_bytes());
        let tag = self
            .cipher
            .encrypt_inout_detached(
                &Nonce::from(nonce),
                &self.associated,
                field.as_mut_slice().into(),
            )
            .map_err(|_| Error::TooLong)?;
        debug_assert_eq!(tag.len(), TAG_BYTES);
        field.extend_from_slice(&tag);
        Ok(())
    }
}

/// Append `data` as base64.
pub fn base64_into(data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + data.len().div_ceil(3) * 4, 0);
    let written = STANDARD
        .encode_slice(data, &mut out[start..])
        .expect("there is room for all of it");
    out.truncate(start + written);
}

pub fn one_line(part: &[u8]) -> Result<(), Error> {
    if part.contains(&b'\n') {
        return Err(Error::LineBreak);
    }
    Ok(())
}
