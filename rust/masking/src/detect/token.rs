//! Vendors' tokens inside a long run of token characters: a rule's prefix at a word's start, then its parts, then
//! enough different characters that it is not a placeholder.

use std::sync::LazyLock;

use super::token_rule::{Part, Rule};
use super::token_rules::RULES;
use super::{jwt, letter_ids, token_shapes, Span};
use crate::bytes::{before, count_while, follows_alphanumeric};

/// `eyJ` in base64.
const ENCODED_JWT: &[u8] = b"ZXlK";

/// The rules by the first two bytes of their prefixes.
struct Index {
    /// For each first byte, the second bytes there are (both ASCII).
    seconds: [u128; 128],
    /// For each first byte, which of [`RULES`] begin with it.
    rows: [(u16, u16); 128],
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index {
        seconds: [0; 128],
        rows: [(0, 0); 128],
    };
    for (row, rule) in (0..).zip(RULES) {
        let [first, second] = [0, 1].map(|place| usize::from(rule.prefix.as_bytes()[place]));
        if index.seconds[first] == 0 {
            index.rows[first].0 = row;
        }
        index.seconds[first] |= 1 << second;
        index.rows[first].1 = row + 1;
    }
    index
});

impl Index {
    /// The rules whose prefix stands at `at`.
    #[inline]
    fn rules_at<'a>(&self, text: &'a [u8], at: usize) -> impl Iterator<Item = &'static Rule> + 'a {
        let (first, second) = (
            usize::from(text[at]),
            text.get(at + 1).copied().unwrap_or(0),
        );
        let known = first < 128 && second < 128 && self.seconds[first] >> second & 1 == 1;
        let (start, end) = if known { self.rows[first] } else { (0, 0) };
        let rules = RULES[usize::from(start)..usize::from(end)].iter();
        rules.filter(move |rule| text[at..].starts_with(rule.prefix.as_bytes()))
    }
}

/// Whether a token could be in the run of token characters at `start`, of which up to `framing` bytes do not belong to
/// it, whatever stands behind it.
pub(crate) fn is_plausible(text: &[u8], start: usize, framing: usize) -> bool {
    let index = &*INDEX;
    let end = start + count_while(text, start, text.len(), is_word);
    let has_shape = |at: usize| token_shapes::parse(text, at, framing).is_some();
    let may_begin = |at: usize| match text[at] {
        b'.' => text[at..end].starts_with(b".ey") || has_shape(at),
        b'-' => has_shape(at),
        _ if at > start + framing && text[at - 1].is_ascii_alphanumeric() => false,
        b'Z' if text[at..].starts_with(ENCODED_JWT) => true,
        _ => {
            let fits = |rule: &Rule| parts_end(text, at + rule.prefix.len(), rule).is_some();
            index.rules_at(text, at).any(fits)
                || at == start && has_shape(at)
                || letter_ids::parse(text, at).is_some()
        }
    };
    (start..end).any(may_begin)
}

/// Confirm the tokens in the run of token characters at `start`, before which nothing counts that is before `floor`.
/// Returns where the run ends.
pub(crate) fn confirm(text: &[u8], start: usize, mut floor: usize, spans: &mut Vec<Span>) -> usize {
    let end = start + count_while(text, start, text.len(), is_word);
    let (mut at, mut jwt_until) = (start, start);
    while at < end {
        let mut until = jwt_until.saturating_sub(floor);
        let found = token_at(&text[floor..], at - floor, &mut until);
        jwt_until = floor + until;
        match found.map(|span| span.moved(floor)) {
            Some(span) => {
                (at, floor) = (span.end, span.end);
                spans.push(span);
            }
            None => at += 1,
        }
    }
    end.max(at)
}

#[inline]
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'/' | b'_')
}

fn token_at(text: &[u8], at: usize, jwt_until: &mut usize) -> Option<Span> {
    if let Some(span) = token_shapes::confirm(text, at) {
        return Some(span);
    }
    if follows_alphanumeric(text, at) {
        return None;
    }
    if let Some(span) = letter_ids::confirm(text, at) {
        return Some(span);
    }
    match text[at] {
        b'e' if text[at..].starts_with(b"ey") => {
            if let Some(span) = jwt::confirm(text, at, jwt_until) {
                return Some(span);
            }
        }
        b'Z' if text[at..].starts_with(ENCODED_JWT) => return jwt::confirm_encoded(text, at),
        _ => {}
    }
    INDEX.rules_at(text, at).find_map(|rule| {
        let end = match_rule(text, at, rule)?;
        Some(Span::new(scheme_start(text, at, rule), end, rule.detector))
    })
}

/// A webhook's address is secret as a whole.
fn scheme_start(text: &[u8], at: usize, rule: &Rule) -> usize {
    let is_address = rule.prefix.contains('/') && rule.prefix.contains('.');
    let schemes: [&[u8]; 2] = [b"https://", b"http://"];
    let scheme = schemes
        .iter()
        .find(|scheme| is_address && text[..at].ends_with(scheme));
    let start = at - scheme.map_or(0, |scheme| scheme.len());
    if follows_alphanumeric(text, start) {
        at
    } else {
        start
    }
}

/// The end of the token of `rule` that begins at `at`.
fn match_rule(text: &[u8], at: usize, rule: &Rule) -> Option<usize> {
    let body = at + rule.prefix.len();
    if is_weak(rule) && before(text, at).is_some_and(is_word) || !is_random(text, body, rule) {
        return None;
    }
    let mut place = parts_end(text, body, rule)?;
    // A full stop ends the sentence, not the token.
    while place > body && matches!(text[place - 1], b'.') {
        place -= 1;
    }
    let goes_on = text
        .get(place)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (!goes_on && !text[..place].ends_with(b"EXAMPLE")).then_some(place)
}

/// The end of the parts of `rule` that begin at `body`.
fn parts_end(text: &[u8], body: usize, rule: &Rule) -> Option<usize> {
    rule.parts.iter().try_fold(body, |place, part| match part {
        Part::Text(literal) => text[place..]
            .starts_with(literal.as_bytes())
            .then_some(place + literal.len()),
        Part::Run(set, least, most) => {
            let length = count_while(text, place, *most, |byte| set.holds(byte));
            (length >= *least).then_some(place + length)
        }
    })
}

/// A prefix so short that it must stand at the start of a word of its own.
fn is_weak(rule: &Rule) -> bool {
    rule.prefix.len() <= 3
}

/// How much of a token's body is looked at to tell it from a placeholder.
const SAMPLE: usize = 80;

/// Whether what begins at `body` has as many different characters as chance gives: not `xxxx…`, not words.
fn is_random(text: &[u8], body: usize, rule: &Rule) -> bool {
    let sample = &text[body.min(text.len())..text.len().min(body + SAMPLE)];
    let sample = &sample[..count_while(sample, 0, SAMPLE, |byte| is_word(byte) || byte == b'=')];
    let least = if sample.len() < 16 { 4 } else { 8 };
    let has = |is: fn(&u8) -> bool| sample.iter().any(is);
    // The older Vault token's prefix is two characters: only a mix of all kinds tells it from code.
    let mixed =
        has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    distinct(sample) >= least && (rule.prefix != "s." || mixed)
}

/// How many different characters.
pub(crate) fn distinct(text: &[u8]) -> u32 {
    text.iter()
        .fold(0u128, |seen, byte| seen | 1 << (byte & 0x7f))
        .count_ones()
}
