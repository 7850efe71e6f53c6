//! Everything the detectors find in one text, in order and without overlap.

use std::ops::ControlFlow;

use crate::candidates::{visit, Kind};
use crate::detect::private_key::EndLines;
use crate::detect::{card, email, iban, ip, phone, private_key, ssn, token, url_credentials, Span};

/// What the detectors find in `text`: ascending, no two overlapping.
pub fn scan(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut scanner = Scanner::default();
    let _ = visit(text, 0, |kind, at| {
        scanner.candidate(text, kind, at, &mut spans);
        ControlFlow::Continue(())
    });
    settle(&mut spans);
    spans
}

/// Where the parsers have been, so that no part of the text is read again and again.
#[derive(Default)]
struct Scanner {
    /// Where the furthest match so far ends.
    covered: usize,
    digits_until: usize,
    colons_until: usize,
    words_until: usize,
    end_lines: EndLines,
}

impl Scanner {
    /// Ask the parser for `kind` about the candidate at `at`.
    fn candidate(&mut self, text: &[u8], kind: Kind, at: usize, spans: &mut Vec<Span>) {
        // Inside a match nothing new begins. A run may go on behind it, and an `@` may belong to a longer match.
        let inside = at < self.covered;
        if inside && !matches!(kind, Kind::At | Kind::DigitRun | Kind::Word) {
            return;
        }
        let known = spans.len();
        match kind {
            Kind::At => spans.extend(at_sign(text, at, spans.last())),
            Kind::Plus => spans.extend(phone::confirm(text, at)),
            Kind::Ssn => spans.extend(ssn::confirm(text, at)),
            Kind::DottedQuad => spans.extend(ip::confirm_v4(text, at)),
            Kind::Colons => spans.extend(ip::confirm_v6(text, at, &mut self.colons_until)),
            Kind::DigitRun => card::confirm(text, at, &mut self.digits_until, spans),
            Kind::Iban => spans.extend(iban::confirm(text, at)),
            Kind::Word if at >= self.words_until => {
                self.words_until = token::confirm(text, at, spans)
            }
            Kind::Word => {}
            Kind::Dashes => spans.extend(private_key::confirm(text, at, &mut self.end_lines)),
        }
        self.covered = spans[known..]
            .iter()
            .fold(self.covered, |covered, span| covered.max(span.end));
    }
}

/// Credentials in a URL if it has any, else an address.
fn at_sign(text: &[u8], at: usize, last: Option<&Span>) -> Option<Span> {
    if text[at] == b'@' {
        if let Some(span) = url_credentials::confirm(text, at, last) {
            return Some(span);
        }
    }
    email::confirm(text, at)
}

/// Order the spans and join those that overlap: what any detector found is masked, under the name of the longest.
fn settle(spans: &mut Vec<Span>) {
    if spans.len() < 2 {
        return;
    }
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|next, kept| {
        if next.start >= kept.end {
            return false;
        }
        if next.end - next.start > kept.end - kept.start {
            kept.detector = next.detector;
        }
        kept.end = kept.end.max(next.end);
        true
    });
}

/// A text with everything that was found redacted.
#[derive(Debug)]
pub struct Redacted {
    pub text: String,
    /// What was found, `start` and `end` counted in code points.
    pub findings: Vec<Span>,
}

/// Redact everything the detectors find. Needs no key.
pub fn redact(text: &str) -> Redacted {
    let bytes = text.as_bytes();
    let spans = scan(bytes);
    let mut masked = Vec::with_capacity(bytes.len());
    let mut findings = Vec::with_capacity(spans.len());
    let (mut kept, mut points) = (0, 0);
    for span in &spans {
        masked.extend_from_slice(&bytes[kept..span.start]);
        masked.extend_from_slice(span.detector.redaction().as_bytes());
        let start = points + code_points(&bytes[kept..span.start]);
        points = start + code_points(&bytes[span.start..span.end]);
        findings.push(Span {
            start,
            end: points,
            detector: span.detector,
        });
        kept = span.end;
    }
    masked.extend_from_slice(&bytes[kept..]);
    Redacted {
        text: String::from_utf8_lossy(&masked).into_owned(),
        findings,
    }
}

/// Code points in (a part of) a UTF-8 text: the bytes that do not continue one.
fn code_points(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}
