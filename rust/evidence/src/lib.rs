//! The hot path of the audit log: statements become sealed, canonical lines in a queue, and lines become a tree.
//!
//! The format is that of `docs/audit-format.md`. Randomness and keys are inputs; nothing here opens a file, reads a
//! clock or decides what is recorded.
#![forbid(unsafe_code)]

mod error;
mod json;
mod outcome;
mod plaintext;
mod queue;
mod salts;
mod session;
mod tree;

pub use error::Error;
pub use outcome::Outcome;
pub use queue::{RecordQueue, Statement};
pub use session::{Session, KEY_BYTES};
pub use tree::{leaf_hash, Frontier, Hash, HASH_BYTES};
