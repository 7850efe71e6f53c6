//! What the caller is told of a piece of input.

use crate::completion::Completion;
use crate::output::Bytes;

/// What the caller is told, in order. `token` is the expectation's, 0 where none is open.
#[derive(Debug)]
pub enum Event {
    Completed(Box<Completion>),
    Ready {
        token: i64,
        status: u8,
    },
    /// The stream waits for `resume`; always the last event.
    Paused {
        code: u8,
        token: i64,
        body: Vec<u8>,
    },
}

/// What one piece of input gave.
#[derive(Debug)]
pub struct Step {
    pub bytes: Bytes,
    pub events: Vec<Event>,
}
