//! E-mail addresses: RFC 5321 mailboxes as people write them, internationalised (RFC 6531) ones included.
//!
//! The local part may be quoted; the domain needs a dot and a top-level name of letters (or `xn--…`), or is an IPv4
//! literal in brackets. `%40` counts as `@`, since addresses in URLs are written so.

use super::Span;
use crate::bytes::{before, count_while};
use crate::detector::Detector;
use crate::forms;

/// `at` is an `@`, or a `%`.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    let domain_start = at + sign_length(text, at)?;
    let end = domain_end(text, domain_start)?;
    let start = local_start(text, at)?;
    if is_masked(text, start, at, end) {
        return None;
    }
    Some(Span::new(start, end, Detector::Email))
}

/// Whether an address or credentials could be here, whatever stands before and behind.
pub(crate) fn is_plausible(text: &[u8], at: usize) -> bool {
    sign_length(text, at).is_some() && before(text, at).is_some_and(|byte| byte > b' ')
}

/// How long the at sign is that stands here: `@` or `%40`.
pub(crate) fn sign_length(text: &[u8], at: usize) -> Option<usize> {
    match text[at] {
        b'@' => Some(1),
        _ => text[at..].starts_with(b"%40").then_some(3),
    }
}

/// Ours: a pseudonym, or what is left of an address.
fn is_masked(text: &[u8], start: usize, at: usize, end: usize) -> bool {
    let local = &text[start..at];
    local.len() == forms::TOKEN_LENGTH
        && forms::starts_with_token(local)
        && text[at..end] == *forms::EMAIL_END.as_bytes()
}

/// Where the local part that ends at `at` starts.
fn local_start(text: &[u8], at: usize) -> Option<usize> {
    if before(text, at)? == b'"' {
        return quoted_start(text, at - 1);
    }
    let mut start = at;
    while let Some(length) = last_local_character(&text[..start]) {
        start -= length;
    }
    // Punctuation in front belongs to the sentence.
    while start < at && is_edge_punctuation(text[start]) {
        start += 1;
    }
    (start < at).then_some(start)
}

/// Longest quoted local part that is looked at (RFC 5321 §4.5.3.1.1 allows 64 octets).
const LONGEST_QUOTED: usize = 66;

fn quoted_start(text: &[u8], closing: usize) -> Option<usize> {
    let behind = text[..closing].iter().rev().take(LONGEST_QUOTED);
    let length = behind
        .take_while(|byte| !matches!(byte, b'"' | b'\n' | b'@' | b'<' | b'>'))
        .count();
    let start = closing.checked_sub(length + 1)?;
    (length > 0 && text[start] == b'"').then_some(start)
}

/// The length of the last character of `text` if it may stand in a local part.
#[inline]
fn last_local_character(text: &[u8]) -> Option<usize> {
    let last = *text.last()?;
    match last {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'_' | b'-' | b'+' => Some(1),
        b'!' | b'#' | b'$' | b'&' | b'*' | b'^' | b'~' => Some(1),
        // Inside of a name (O'Brien), not where a quotation starts.
        b'\'' => before(text, text.len() - 1)
            .is_some_and(|byte| byte.is_ascii_alphabetic())
            .then_some(1),
        b'%' => None,
        0x80.. => last_letter(text),
        _ => None,
    }
}

/// The length of the character beyond ASCII that ends `text`, if it is a letter or digit.
fn last_letter(text: &[u8]) -> Option<usize> {
    let continuation = text
        .iter()
        .rev()
        .take(3)
        .take_while(|byte| **byte & 0xc0 == 0x80)
        .count();
    let start = text.len().checked_sub(continuation + 1)?;
    let character = std::str::from_utf8(&text[start..]).ok()?.chars().next()?;
    character.is_alphanumeric().then_some(continuation + 1)
}

fn is_edge_punctuation(byte: u8) -> bool {
    !(byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80)
}

/// Where the domain that starts at `start` ends: behind the last label that can be a top-level one.
fn domain_end(text: &[u8], start: usize) -> Option<usize> {
    if text.get(start) == Some(&b'[') {
        return literal_end(text, start);
    }
    let (mut place, mut previous, mut end) = (start, &text[..0], None);
    loop {
        let label = &text[place..place + label_length(text, place)];
        if label.is_empty() || label.starts_with(b"-") {
            return end;
        }
        if let Some(length) = top_level_length(label, previous) {
            end = Some(place + length);
        }
        place += label.len();
        if text.get(place) != Some(&b'.') || label.ends_with(b"-") {
            return end;
        }
        (place, previous) = (place + 1, label);
    }
}

fn literal_end(text: &[u8], start: usize) -> Option<usize> {
    let length = count_while(text, start + 1, 15, |byte| {
        byte.is_ascii_digit() || byte == b'.'
    });
    let end = start + 1 + length;
    (length >= 7 && text.get(end) == Some(&b']')).then_some(end + 1)
}

/// How many bytes from `at` on are letters (of any script), digits or hyphens.
fn label_length(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(byte) = text.get(end) {
        end += match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' => 1,
            0x80.. => match letter_at(text, end) {
                Some(length) => length,
                None => break,
            },
            _ => break,
        };
    }
    end - at
}

/// The length of the character beyond ASCII at `at`, if it is a letter or digit.
fn letter_at(text: &[u8], at: usize) -> Option<usize> {
    let length = match text[at] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let character = std::str::from_utf8(text.get(at..at + length)?)
        .ok()?
        .chars()
        .next()?;
    character.is_alphanumeric().then_some(length)
}

/// How much of `label`, which follows the label `previous`, is a top-level name.
fn top_level_length(label: &[u8], previous: &[u8]) -> Option<usize> {
    if previous.is_empty() {
        return None;
    }
    if label.len() > 4 && label[..4].eq_ignore_ascii_case(b"xn--") {
        return (!label.ends_with(b"-")).then_some(label.len());
    }
    let letters = count_while(label, 0, label.len(), |byte| byte.is_ascii_alphabetic());
    if letters == 0 {
        return label[0].ge(&0x80).then_some(label.len());
    }
    // Digits or another script directly behind are the text going on, if what is before them reads like a name.
    let named = letters == label.len() || previous.iter().any(|byte| !byte.is_ascii_digit());
    (letters >= 2 && named).then_some(letters)
}
