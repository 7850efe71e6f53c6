//! Vendors' tokens that no prefix tells: something in their middle does, and the lengths on both sides of it.

use super::token::distinct;
use super::Span;
use crate::bytes::{before, count_while, follows_alphanumeric};
use crate::detector::Detector;

/// Fewest different characters in what chance made.
const FEWEST_DISTINCT: u32 = 8;

/// `at` is the byte in the middle that tells the token: see each shape.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    let goes_on = |end: usize| text.get(end).is_some_and(|byte| is_base64url(*byte));
    parse(text, at, 0).filter(|span| !follows_alphanumeric(text, span.start) && !goes_on(span.end))
}

/// The same whatever stands behind the token, and if up to `framing` bytes before it look like a part of it.
pub(crate) fn parse(text: &[u8], at: usize, framing: usize) -> Option<Span> {
    let (start, end) = match (before(text, at), text[at]) {
        (_, b'.') => terraform(text, at, framing)?,
        (_, b'-') => mailchimp(text, at, framing).or_else(|| mailgun(text, at, framing))?,
        (Some(b':'), b'A') => telegram(text, at, framing)?,
        (Some(b'|'), _) => facebook(text, at, framing)?,
        _ => return None,
    };
    // The longer part of it: what tells the token is in the middle of some.
    let body = if at - start > end - at {
        &text[start..at]
    } else {
        &text[at + 1..end]
    };
    let random = distinct(body.strip_prefix(b"atlasv1.").unwrap_or(body)) >= FEWEST_DISTINCT;
    random.then(|| Span::new(start, end, Detector::Secret))
}

/// How many bytes before `at` satisfy `is`, if that is `least` to `most` of them.
fn lead(text: &[u8], at: usize, least: usize, most: usize, is: fn(&u8) -> bool) -> Option<usize> {
    let length = text[..at]
        .iter()
        .rev()
        .take(most + 1)
        .take_while(|byte| is(byte))
        .count();
    (least..=most).contains(&length).then_some(length)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Terraform: 14 characters, `.atlasv1.`, 60 or more. Told by the first full stop.
fn terraform(text: &[u8], at: usize, framing: usize) -> Option<(usize, usize)> {
    const MIDDLE: &[u8] = b".atlasv1.";
    if !text[at..].starts_with(MIDDLE) {
        return None;
    }
    lead(text, at, 14, 14 + framing, u8::is_ascii_alphanumeric)?;
    let secret = at + MIDDLE.len();
    let length = count_while(text, secret, text.len(), |byte| {
        is_base64url(byte) || byte == b'='
    });
    (length >= 60).then_some((at - 14, secret + length))
}

/// Mailchimp: 32 hexadecimal digits, `-us`, the number of the data centre.
fn mailchimp(text: &[u8], at: usize, framing: usize) -> Option<(usize, usize)> {
    let digits = at + 3;
    let length = count_while(text, digits, 2, |byte| byte.is_ascii_digit());
    if !text[at..].starts_with(b"-us") || length == 0 {
        return None;
    }
    lead(text, at, 32, 32 + framing, u8::is_ascii_hexdigit)?;
    Some((at - 32, digits + length))
}

/// Mailgun: 32, 8 and 8 hexadecimal digits.
fn mailgun(text: &[u8], at: usize, framing: usize) -> Option<(usize, usize)> {
    let group = |start: usize| {
        let length = count_while(text, start + 1, 8, |byte| byte.is_ascii_hexdigit());
        (text.get(start) == Some(&b'-') && length == 8).then_some(start + 9)
    };
    let end = group(at).and_then(group)?;
    lead(text, at, 32, 32 + framing, u8::is_ascii_hexdigit)?;
    Some((at - 32, end))
}

/// Telegram: a bot's number, `:A` and 34 characters. Told by the `A`.
fn telegram(text: &[u8], at: usize, framing: usize) -> Option<(usize, usize)> {
    if count_while(text, at, 35, is_base64url) < 35 {
        return None;
    }
    let number = lead(text, at - 1, 5, 16 + framing, u8::is_ascii_digit)?;
    Some((at - 1 - number, at + 35))
}

/// Facebook: an application's number, `|` and 27 or 28 characters. Told by the first of them.
fn facebook(text: &[u8], at: usize, framing: usize) -> Option<(usize, usize)> {
    let number = lead(text, at - 1, 15, 16 + framing, u8::is_ascii_digit)?;
    let length = count_while(text, at, 28, is_base64url);
    (length >= 27).then_some((at - 1 - number, at + length))
}
