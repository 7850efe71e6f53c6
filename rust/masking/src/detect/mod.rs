//! The detectors: a parser anchored at a candidate confirms or rejects it.
//!
//! A parser looks at a bounded number of bytes, or remembers where it has been, so that all of them together are
//! linear in the text. It never trusts the text to be UTF-8.

pub(crate) mod assigned;
pub(crate) mod assigned_name;
pub(crate) mod assigned_value;
pub(crate) mod card;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod id_checks;
pub(crate) mod ids;
pub(crate) mod ip;
pub(crate) mod jwt;
pub(crate) mod letter_ids;
pub(crate) mod mac;
pub(crate) mod national;
pub(crate) mod phone;
pub(crate) mod phone_plans;
pub(crate) mod phone_words;
pub(crate) mod private_key;
pub(crate) mod ssn;
pub(crate) mod token;
pub(crate) mod token_rule;
pub(crate) mod token_rules;
pub(crate) mod token_shapes;
pub(crate) mod url_credentials;

use crate::detector::Detector;

/// Where something was found: bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    pub detector: Detector,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize, detector: Detector) -> Span {
        debug_assert!(start < end);
        Span {
            start,
            end,
            detector,
        }
    }

    /// The same in a text that has `offset` more bytes in front.
    pub(crate) fn moved(self, offset: usize) -> Span {
        Span {
            start: self.start + offset,
            end: self.end + offset,
            ..self
        }
    }
}
