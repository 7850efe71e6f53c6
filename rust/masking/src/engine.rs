//! The entry: one masking scope's keys, and everything that can be done under them.

use crate::detect::Span;
use crate::detector::Detector;
use crate::pseudonym::{self, Key};
use crate::regions::Regions;
use crate::scan::scan_in;
use crate::strategy::{Applied, Strategy};
use crate::tally::Tally;
use crate::{chunk, forms, json, partial};

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
    detected: Detected,
    regions: Regions,
}

/// What becomes of what the detectors find.
#[derive(Clone, Copy)]
enum Detected {
    Redact,
    Pseudonym,
}

impl Engine {
    /// The two keys are separate so that no text a client sends through the detectors yields a labelled value's token.
    /// What the detectors find is redacted, unless [`with_detected_pseudonyms`](Engine::with_detected_pseudonyms).
    pub fn new(label_key: [u8; 32], detector_key: [u8; 32]) -> Engine {
        Engine {
            label_key: Key::new(label_key),
            detector_key: Key::new(detector_key),
            detected: Detected::Redact,
            regions: Regions::default(),
        }
    }

    /// The same engine, but what the detectors find becomes a pseudonym under the detectors' key where its type has a
    /// form: equal stays equal in free text too. Secrets and keys are redacted all the same.
    pub fn with_detected_pseudonyms(self) -> Engine {
        Engine {
            detected: Detected::Pseudonym,
            ..self
        }
    }

    /// The same engine, where numbers are written as in these regions.
    pub fn with_regions(self, regions: Regions) -> Engine {
        Engine { regions, ..self }
    }

    /// Everything the detectors find in `text`.
    pub(crate) fn find(&self, text: &[u8]) -> Vec<Span> {
        scan_in(text, &self.regions)
    }

    /// Whether anything in this chunk of many cells could match. One pass; no false negatives: if any cell inside
    /// `chunk` would be changed by [`mask_into`](Engine::mask_into), this is true, whatever stands between the cells.
    pub fn may_match(&self, chunk: &[u8]) -> bool {
        self.next_candidate(chunk, 0).is_some()
    }

    /// Where, at or after `from`, something could match: every match contains such a place, so rows that end before
    /// it are clean. None when the rest is clean.
    pub fn next_candidate(&self, chunk: &[u8], from: usize) -> Option<usize> {
        chunk::next_candidate(chunk, from, &self.regions)
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
        if context == Context::Json {
            match json::mask_into(self, value, out, found) {
                json::Outcome::Masked => return true,
                json::Outcome::Clean => return false,
                json::Outcome::NotJson => {}
            }
        }
        let spans = self.find(value);
        self.replace(value, &spans, out, found);
        !spans.is_empty()
    }

    /// Append `value` with every span replaced (nothing if there is none), and count the spans.
    pub(crate) fn replace(
        &self,
        value: &[u8],
        spans: &[Span],
        out: &mut Vec<u8>,
        found: &mut Tally,
    ) {
        let Some(last) = spans.last() else { return };
        let mut kept = 0;
        for span in spans {
            out.extend_from_slice(&value[kept..span.start]);
            self.replace_one(span.detector, &value[span.start..span.end], out);
            found.add(span.detector);
            kept = span.end;
        }
        out.extend_from_slice(&value[last.end..]);
    }

    /// Append what a found value is replaced by.
    pub(crate) fn replace_one(&self, detector: Detector, value: &[u8], out: &mut Vec<u8>) {
        match (self.detected, detector) {
            (Detected::Pseudonym, Detector::Email | Detector::Card | Detector::Iban)
            | (Detected::Pseudonym, Detector::Phone | Detector::UsSsn | Detector::Ip) => {
                pseudonym::write(&self.detector_key, detector.label(), value, out);
            }
            _ => out.extend_from_slice(detector.redaction().as_bytes()),
        }
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
