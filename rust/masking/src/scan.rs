//! Everything the detectors find in one text, in order and without overlap.

use std::ops::ControlFlow;

use crate::candidates::{visit, Kind};
use crate::detect::private_key::EndLines;
use crate::detect::{
    assigned, card, email, iban, ip, phone, private_key, ssn, token, url_credentials, Span,
};
use crate::detector::Detector;

/// What the detectors find in `text`: ascending, no two overlapping.
///
/// A match is a boundary for its neighbours, as its replacement will be. So masking what was masked changes nothing.
pub fn scan(text: &[u8]) -> Vec<Span> {
    let mut spans = scan_once(text);
    // Behind a match the parsers know of it already. Before one, what it kept from being found is looked for again; one
    // more round is enough for all but contrived text.
    for _ in 0..MOST_ROUNDS {
        let fresh = scan_before(text, &spans);
        if fresh.is_empty() {
            break;
        }
        spans.extend(fresh);
        settle(&mut spans);
    }
    spans
}

const MOST_ROUNDS: usize = 4;

fn scan_once(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut scanner = Scanner::default();
    let _ = visit(text, 0, |kind, at| {
        scanner.candidate(text, kind, at, &mut spans);
        ControlFlow::Continue(())
    });
    settle(&mut spans);
    spans
}

/// What is found between the spans if each is taken for the end of the text before it.
fn scan_before(text: &[u8], spans: &[Span]) -> Vec<Span> {
    let mut fresh = Vec::new();
    let mut start = 0;
    for span in spans {
        let gap = &text[start..span.start];
        if gap.last().is_some_and(|byte| !is_always_boundary(*byte)) {
            fresh.extend(scan_once(gap).into_iter().map(|found| found.moved(start)));
        }
        start = span.end;
    }
    fresh
}

/// What no match depends on not having behind it.
fn is_always_boundary(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b"\"'`,;<>(){}[]|=".contains(&byte)
}

/// Where the parsers have been, so that no part of the text is read again and again.
#[derive(Default)]
struct Scanner {
    /// Where the furthest match so far ends. For what comes next, the text begins there.
    covered: usize,
    digits_until: usize,
    colons_until: usize,
    words_until: usize,
    end_lines: EndLines,
}

impl Scanner {
    /// Ask the parser for `kind` about the candidate at `at`.
    #[inline(never)]
    fn candidate(&mut self, text: &[u8], kind: Kind, at: usize, spans: &mut Vec<Span>) {
        let floor = self.covered;
        let known = spans.len();
        match kind {
            // Addresses and passwords may begin before what was found inside of them.
            Kind::At => spans.extend(at_sign(text, at)),
            // A run may go on behind a match.
            Kind::DigitRun => self.digits(text, at.max(floor), spans),
            Kind::Word => self.words(text, at.max(floor), spans),
            // Inside a match nothing new begins.
            _ if at < floor => {}
            _ => spans.extend(self.anchored(&text[floor..], kind, at - floor, floor)),
        }
        self.covered = spans[known..]
            .iter()
            .fold(floor, |covered, span| covered.max(span.end));
        if self.covered > floor {
            // What was too long for an address may be one from here on.
            self.colons_until = self.colons_until.min(self.covered);
        }
    }

    /// `text` begins at `floor` of the whole.
    fn anchored(&mut self, text: &[u8], kind: Kind, at: usize, floor: usize) -> Option<Span> {
        let found = match kind {
            Kind::Plus => phone::confirm(text, at),
            Kind::Ssn => ssn::confirm(text, at),
            Kind::DottedQuad => ip::confirm_v4(text, at),
            Kind::Iban => iban::confirm(text, at),
            Kind::Colons => {
                let mut until = self.colons_until.saturating_sub(floor);
                let found = ip::confirm_v6(text, at, &mut until);
                self.colons_until = floor + until;
                found
            }
            Kind::Dashes => private_key::confirm(text, at, floor, &mut self.end_lines),
            Kind::Assign => assigned::confirm(text, at),
            Kind::At | Kind::DigitRun | Kind::Word => None,
        };
        found.map(|span| span.moved(floor))
    }

    fn digits(&mut self, text: &[u8], at: usize, spans: &mut Vec<Span>) {
        if at >= self.digits_until && at < text.len() {
            self.digits_until = at
                + card::confirm(
                    &text[self.covered..],
                    at - self.covered,
                    self.covered,
                    spans,
                );
        }
    }

    fn words(&mut self, text: &[u8], at: usize, spans: &mut Vec<Span>) {
        if at >= self.words_until && at < text.len() {
            self.words_until = token::confirm(text, at, self.covered, spans);
        }
    }
}

/// Credentials in a URL if it has any, else an address.
fn at_sign(text: &[u8], at: usize) -> Option<Span> {
    if text[at] == b'@' {
        if let Some(span) = url_credentials::confirm(text, at) {
            return Some(span);
        }
    }
    email::confirm(text, at)
}

/// Order the spans and join those that overlap: what any detector found is masked, under the name of the longest, except
/// that what is called a secret for its surroundings alone yields to a name that says more.
fn settle(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|next, kept| {
        if next.start >= kept.end {
            return false;
        }
        let (kept_length, next_length) = (kept.end - kept.start, next.end - next.start);
        let says_more = kept.detector == Detector::Secret && next.detector != Detector::Secret;
        if next_length > kept_length || says_more && next_length * 2 > kept_length {
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
