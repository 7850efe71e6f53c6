//! The strategy that keeps a little of a value: enough to recognise what one already knows, not to learn it.

use crate::forms::BULLETS;
use crate::pseudonym::Kind;

/// Append the partial form of `value`. It always contains the bullets, so that it is recognised as masked.
pub(crate) fn write(label: &str, value: &[u8], out: &mut Vec<u8>) {
    match Kind::of(label) {
        Kind::Email => write_email(value, out),
        Kind::Card => write_last(value, 4, 8, out),
        Kind::Phone => write_last(value, 2, 6, out),
        _ => write_first(value, out),
    }
}

/// First letter and domain, if the domain is a plain name (anything else might itself be personal).
fn write_email(value: &[u8], out: &mut Vec<u8>) {
    let at = value.iter().rposition(|byte| *byte == b'@');
    match at.map(|at| value.split_at(at)) {
        Some((local, domain)) if is_plain_domain(&domain[1..]) => {
            write_first(local, out);
            out.extend_from_slice(domain);
        }
        _ => write_first(value, out),
    }
}

fn is_plain_domain(domain: &[u8]) -> bool {
    let mut labels = domain.split(|byte| *byte == b'.').rev();
    let is_top = |label: &[u8]| label.len() >= 2 && label.iter().all(u8::is_ascii_alphabetic);
    let is_label = |label: &[u8]| {
        !label.is_empty()
            && label
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    domain.len() <= 64
        && labels.next().is_some_and(is_top)
        && labels.next().is_some_and(is_label)
        && labels.all(is_label)
}

/// The last `shown` digits, where at least `hidden` others are hidden.
fn write_last(value: &[u8], shown: usize, hidden: usize, out: &mut Vec<u8>) {
    let digits: Vec<u8> = value.iter().copied().filter(u8::is_ascii_digit).collect();
    if digits.len() < shown + hidden {
        return write_first(value, out);
    }
    out.extend_from_slice(BULLETS.as_bytes());
    out.extend_from_slice(&digits[digits.len() - shown..]);
}

/// The first character, if it is a letter or digit and at least three others are hidden.
fn write_first(value: &[u8], out: &mut Vec<u8>) {
    if let Some(first) = first_character(value) {
        out.extend_from_slice(first.as_bytes());
    }
    out.extend_from_slice(BULLETS.as_bytes());
}

fn first_character(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let first = text
        .chars()
        .next()
        .filter(|character| character.is_alphanumeric())?;
    text.chars().nth(3).map(|_| &text[..first.len_utf8()])
}
