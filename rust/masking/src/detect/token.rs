//! Vendors' tokens inside a long run of token characters: a rule's prefix at a word's start, then its parts, then
//! enough different characters that it is not a placeholder.

use std::sync::LazyLock;

use super::token_rules::{Part, Rule, RULES};
use super::{jwt, Span};
use crate::bytes::{before, count_while, follows_alphanumeric};
use crate::detector::Detector;

/// What stands in the middle of Terraform's tokens.
const ATLAS: &[u8] = b".atlasv1.";
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
    let may_begin = |at: usize| match text[at] {
        b'.' => text[at..].starts_with(ATLAS) || text[at..end].starts_with(b".ey"),
        b'-' => mailchimp(text, at).is_some(),
        _ if at > start + framing && follows_alphanumeric(text, at) => false,
        b'Z' if text[at..].starts_with(ENCODED_JWT) => true,
        _ => index
            .rules_at(text, at)
            .any(|rule| parts_end(text, at + rule.prefix.len(), rule).is_some()),
    };
    let is_bot = text[start] == b'A' && before(text, start) == Some(b':');
    is_bot || (start..end).any(may_begin)
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
    match text[at] {
        b'.' if text[at..].starts_with(ATLAS) => return terraform(text, at),
        b'-' if text[at..].starts_with(b"-us") => {
            return mailchimp(text, at).filter(|span| !follows_alphanumeric(text, span.start));
        }
        _ if follows_alphanumeric(text, at) => return None,
        b'e' if text[at..].starts_with(b"ey") => {
            if let Some(span) = jwt::confirm(text, at, jwt_until) {
                return Some(span);
            }
        }
        b'Z' if text[at..].starts_with(ENCODED_JWT) => return jwt::confirm_encoded(text, at),
        b'A' if before(text, at) == Some(b':') => {
            if let Some(span) = telegram(text, at) {
                return Some(span);
            }
        }
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
const SAMPLE: usize = 40;

/// Whether what begins at `body` has as many different characters as chance gives: not `xxxx…`, not words.
fn is_random(text: &[u8], body: usize, rule: &Rule) -> bool {
    let sample = &text[body.min(text.len())..text.len().min(body + SAMPLE)];
    let sample = &sample[..count_while(sample, 0, SAMPLE, |byte| is_word(byte) || byte == b'=')];
    let mut seen = 0u128;
    for byte in sample {
        seen |= 1 << (byte & 0x7f);
    }
    let least = if sample.len() < 16 { 4 } else { 8 };
    let has = |is: fn(&u8) -> bool| sample.iter().any(is);
    // The older Vault token's prefix is two characters: only a mix of all kinds tells it from code.
    let mixed =
        has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    seen.count_ones() >= least && (rule.prefix != "s." || mixed)
}

/// Terraform: 14 characters, `.atlasv1.`, 60 or more. `at` is the first full stop.
fn terraform(text: &[u8], at: usize) -> Option<Span> {
    const LEAD: usize = 14;
    let start = at.checked_sub(LEAD)?;
    let secret = at + ATLAS.len();
    let length = count_while(text, secret, 70, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=')
    });
    let lead =
        text[start..at].iter().all(u8::is_ascii_alphanumeric) && !follows_alphanumeric(text, start);
    let random = distinct(&text[secret..secret + length]) >= 8;
    (lead && length >= 60 && random).then(|| Span::new(start, secret + length, Detector::Secret))
}

/// Mailchimp: 32 hexadecimal digits and the data centre. `at` is the dash before it.
fn mailchimp(text: &[u8], at: usize) -> Option<Span> {
    const LEAD: usize = 32;
    let start = at.checked_sub(LEAD)?;
    let digits = count_while(text, at + 3, 3, |byte| byte.is_ascii_digit());
    let lead = text[at..].starts_with(b"-us") && text[start..at].iter().all(u8::is_ascii_hexdigit);
    (lead && (1..=2).contains(&digits)).then(|| Span::new(start, at + 3 + digits, Detector::Secret))
}

/// Telegram: a bot's number, a colon, `A` and 34 characters. `at` is behind the colon.
fn telegram(text: &[u8], at: usize) -> Option<Span> {
    let number = text[..at - 1]
        .iter()
        .rev()
        .take(17)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let start = at - 1 - number;
    let length = count_while(text, at, 36, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
    });
    let bounded = (5..=16).contains(&number) && !follows_alphanumeric(text, start);
    (bounded && length == 35 && distinct(&text[at..at + length]) >= 8)
        .then(|| Span::new(start, at + length, Detector::Secret))
}

fn distinct(text: &[u8]) -> u32 {
    text.iter()
        .fold(0u128, |seen, byte| seen | 1 << (byte & 0x7f))
        .count_ones()
}
