//! The tree over the log (RFC 6962 §2.1), as its frontier: the roots of its complete subtrees, the lowest first.
use sha2::{Digest, Sha256};

pub const HASH_BYTES: usize = 32;
pub type Hash = [u8; HASH_BYTES];

/// The prefix keeps a leaf from ever being taken for a node.
pub fn leaf_hash(record: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(record)
        .finalize()
        .into()
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut both = [1; 1 + 2 * HASH_BYTES];
    both[1..=HASH_BYTES].copy_from_slice(left);
    both[1 + HASH_BYTES..].copy_from_slice(right);
    Sha256::digest(both).into()
}

/// `peaks[level]` is the complete subtree of 2^level leaves at the tree's end, where there is one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    pub peaks: Vec<Option<Hash>>,
}

impl Frontier {
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for peak in &mut self.peaks {
            match peak.take() {
                Some(left) => hash = node_hash(&left, &hash),
                None => {
                    *peak = Some(hash);
                    return;
                }
            }
        }
        self.peaks.push(Some(hash));
    }

    /// Append records, each ended by a line break; how many there were.
    pub fn push_lines(&mut self, lines: &[u8]) -> usize {
        let mut count = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.push(leaf_hash(line.strip_suffix(b"\n").unwrap_or(line)));
            count += 1;
        }
        count
    }
}
