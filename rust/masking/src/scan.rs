//! Everything the detectors find in one text, in order and without overlap.

use std::ops::ControlFlow;

use crate::candidates::{visit, Dates, Kind};
use crate::detect::private_key::EndLines;
use crate::detect::{
    assigned, card, email, iban, ip, mac, national, phone, private_key, ssn, token,
    url_credentials, Span,
};
use crate::detector::Detector;
use crate::regions::Regions;

/// What the detectors find in `text`: ascending, no two overlapping.
///
/// A match is a boundary for its neighbours, as its replacement will be. So masking what was masked changes nothing.
pub fn scan(text: &[u8]) -> Vec<Span> {
    scan_in(text, &Regions::default())
}

/// The same where numbers are written as in these regions.
pub fn scan_in(text: &[u8], regions: &Regions) -> Vec<Span> {
    let mut spans = scan_once(text, regions);
    // Behind a match the parsers know of it already. Before one, what it kept from being found is looked for again; one
    // more round is enough for all but contrived text.
    for _ in 0..MOST_ROUNDS {
        let fresh = scan_between(text, &spans, regions);
        if fresh.is_empty() {
            break;
        }
        spans.extend(fresh);
        settle(&mut spans);
    }
    spans
}

const MOST_ROUNDS: usize = 4;

fn scan_once(text: &[u8], regions: &Regions) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut scanner = Scanner::default();
    let _ = visit(text, 0, Dates::Certain, |kind, at| {
        scanner.candidate(text, kind, at, &mut spans);
        ControlFlow::Continue(())
    });
    settle(&mut spans);
    if scanner.groups.count > 0 {
        let known = spans.len();
        numbers(text, scanner.groups.iter(), regions, &mut spans);
        if spans.len() > known {
            settle(&mut spans);
        }
    }
    spans
}

/// Add the telephone numbers that begin at `runs` and are between the spans, each of which is a boundary.
fn numbers(
    text: &[u8],
    runs: impl Iterator<Item = usize>,
    regions: &Regions,
    spans: &mut Vec<Span>,
) {
    let known = spans.len();
    let mut place = 0;
    for run in runs {
        place = place.max(run);
        while place < text.len() {
            let next = spans[..known].partition_point(|span| span.end <= place);
            let floor = spans[..known]
                .get(next.wrapping_sub(1))
                .map_or(0, |span| span.end);
            let ceiling = spans[..known]
                .get(next)
                .map_or(text.len(), |span| span.start);
            if place < ceiling {
                let mut found = Vec::new();
                place = floor
                    + national::confirm(&text[floor..ceiling], place - floor, regions, &mut found);
                spans.extend(found.into_iter().map(|span| span.moved(floor)));
            }
            let is_gap = |byte: &u8| b" -./()".contains(byte);
            if next == known || place < ceiling && !text[place..ceiling].iter().all(is_gap) {
                break;
            }
            // The run goes on behind what parts it, or ends there.
            place = spans[next].end;
            if !text
                .get(place)
                .is_some_and(|byte| byte.is_ascii_digit() || is_gap(byte))
            {
                break;
            }
        }
    }
}

/// What is found between the spans if each is taken for the end of the text before it, and a telephone number, which is
/// found last, for the start of the text behind it.
fn scan_between(text: &[u8], spans: &[Span], regions: &Regions) -> Vec<Span> {
    let mut fresh = Vec::new();
    let mut previous: Option<&Span> = None;
    for next in spans.iter().map(Some).chain([None]) {
        let start = previous.map_or(0, |span| span.end);
        let gap = &text[start..next.map_or(text.len(), |span| span.start)];
        let begins = previous.is_some_and(|span| span.detector == Detector::Phone)
            && gap
                .first()
                .is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'"');
        if begins || next.is_some() && !ends_anyway(gap) {
            let found = scan_once(gap, regions).into_iter();
            fresh.extend(found.map(|found| found.moved(start)));
        }
        previous = next;
    }
    fresh
}

/// Whether no match in `text` depends on what is behind it.
fn ends_anyway(text: &[u8]) -> bool {
    match text {
        // Groups of digits may have gone on.
        [.., b'0'..=b'9', b' ' | b'('] | [.., b'0'..=b'9', _, b' ' | b'('] => false,
        [.., last] => last.is_ascii_whitespace() || b"\"'`,;<>(){}[]|=".contains(last),
        [] => true,
    }
}

/// Positions, the first few without an allocation.
#[derive(Default)]
struct Runs {
    few: [usize; 8],
    count: usize,
    more: Vec<usize>,
}

impl Runs {
    fn push(&mut self, at: usize) {
        match self.few.get_mut(self.count) {
            Some(place) => *place = at,
            None => self.more.push(at),
        }
        self.count += 1;
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let few = &self.few[..self.count.min(self.few.len())];
        few.iter().chain(&self.more).copied()
    }
}

/// Where the parsers have been, so that no part of the text is read again and again.
#[derive(Default)]
struct Scanner {
    /// Where the furthest match so far ends. For what comes next, the text begins there.
    covered: usize,
    digits_until: usize,
    colons_until: usize,
    words_until: usize,
    /// Where numbers could begin, for when everything else is known.
    groups: Runs,
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
            // Cards and addresses are groups of digits too, and told with more certainty.
            Kind::Groups => self.groups.push(at),
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
            Kind::Pairs => mac::confirm(text, at),
            Kind::Colons => {
                if let Some(found) = mac::confirm(text, at) {
                    return Some(found.moved(floor));
                }
                let mut until = self.colons_until.saturating_sub(floor);
                let found = ip::confirm_v6(text, at, &mut until);
                self.colons_until = floor + until;
                found
            }
            Kind::Dashes => private_key::confirm(text, at, floor, &mut self.end_lines),
            Kind::Assign => assigned::confirm(text, at),
            Kind::At | Kind::DigitRun | Kind::Word | Kind::Groups => None,
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
pub(crate) fn settle(spans: &mut Vec<Span>) {
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
    redact_in(text, &Regions::default())
}

/// The same where numbers are written as in these regions.
pub fn redact_in(text: &str, regions: &Regions) -> Redacted {
    let bytes = text.as_bytes();
    let spans = scan_in(bytes, regions);
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
