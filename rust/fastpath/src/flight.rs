//! What the fast path has forwarded and not seen the end of.
use std::ops::Range;
use std::sync::Arc;

use crate::cache::Entry;

/// One statement in flight. Tokens are those of the messages it was forwarded with.
pub struct Flight<V> {
    pub entry: Arc<Entry<V>>,
    pub intent: u64,
    pub started_micros: i64,
    /// Its outcome is recorded; only ReadyForQuery is missing.
    pub completed: bool,
    /// `None`: a simple query.
    pub batch: Option<BatchFlight>,
    pub execute: i64,
    /// The token of what ends the batch: of Sync, or of the query itself.
    pub end: i64,
}

/// What an extended batch did besides running its statement.
pub struct BatchFlight {
    /// The token of the Parse, where there is one.
    pub parse: Option<i64>,
    pub bind: i64,
    /// The token of the client's own Describe.
    pub describe: Option<i64>,
    pub text: Vec<u8>,
    /// Bind's body.
    pub bound: Vec<u8>,
}

/// What settled batches have left behind, and the slow path does not know of.
pub struct Leftover<V> {
    /// What the unnamed statement means now.
    pub statement: Option<(Arc<Entry<V>>, Vec<u8>)>,
    /// The unnamed portal of an open transaction.
    pub portal: Option<LeftPortal<V>>,
}

/// A portal: its statement, that one's text, and Bind's body.
pub struct LeftPortal<V> {
    pub entry: Arc<Entry<V>>,
    pub text: Vec<u8>,
    pub bound: Vec<u8>,
}

impl<V> Default for Leftover<V> {
    fn default() -> Self {
        Self {
            statement: None,
            portal: None,
        }
    }
}

/// A Describe of the unnamed portal.
pub const DESCRIBE_PORTAL: &[u8] = b"D\0\0\0\x06P\0";

/// `data` with a Describe of the portal put in before Execute.
pub fn with_describe(data: &[u8], execute: usize) -> Vec<u8> {
    [&data[..execute], DESCRIBE_PORTAL, &data[execute..]].concat()
}

/// A copy of a part of a piece.
pub fn part(data: &[u8], range: &Range<usize>) -> Vec<u8> {
    data[range.clone()].to_vec()
}
