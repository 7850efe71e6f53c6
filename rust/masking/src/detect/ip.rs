//! IP addresses. Version 4 as four decimal octets; version 6 as RFC 4291 §2.2 and RFC 5952 write it.

use std::net::Ipv6Addr;

use super::Span;
use crate::bytes::{
    before, count_while, follows_alphanumeric, has_context, is_alphanumeric_at, is_digit_at,
};
use crate::detector::Detector;

/// Longest text of an address (an IPv4 in IPv6, in full).
const LONGEST: usize = 45;

/// `at` is the last digit of the first of four dotted numbers.
pub(crate) fn confirm_v4(text: &[u8], at: usize) -> Option<Span> {
    let digits_before = (0..3)
        .take_while(|back| at >= *back && text[at - back].is_ascii_digit())
        .count();
    let start = at + 1 - digits_before;
    let end = start
        + count_while(text, start, 16, |byte| {
            byte.is_ascii_digit() || byte == b'.'
        });
    let end = if text[end - 1] == b'.' { end - 1 } else { end };
    if !is_v4(&text[start..end]) || !stands_alone(text, start, end) || is_version(text, start, end)
    {
        return None;
    }
    Some(Span::new(start, end, Detector::Ip))
}

fn is_v4(text: &[u8]) -> bool {
    let mut octets = 0;
    let all = text.split(|byte| *byte == b'.').all(|octet| {
        octets += 1;
        matches!(octet.len(), 1..=3)
            && octet.iter().all(u8::is_ascii_digit)
            && crate::bytes::number(octet) <= 255
    });
    all && octets == 4
}

fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let preceded = match before(text, start) {
        Some(b'.') => start >= 2 && is_alphanumeric_at(text, start - 2),
        Some(b'_') => true,
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => false,
    };
    let followed = match text.get(end) {
        Some(b'.') => is_digit_at(text, end + 1),
        Some(b'_') => true,
        Some(byte) => byte.is_ascii_alphanumeric(),
        None => false,
    };
    !preceded && !followed
}

/// Four-part versions look like addresses; these are what tells them apart: `name-1.2.3.4`, `Product/120.0.0.0`,
/// `version: 1.2.3.4`.
fn is_version(text: &[u8], start: usize, end: usize) -> bool {
    let after_letter = start >= 2 && text[start - 2].is_ascii_alphabetic();
    match before(text, start) {
        Some(b'-') => after_letter,
        Some(b'/') => after_letter && text[..end].ends_with(b".0.0.0"),
        _ => has_context(text, start, 12, &["version", "release", "build"]),
    }
}

/// `at` is a colon. `until`: how far address characters have been read; moved on, so that they are read once.
pub(crate) fn confirm_v6(text: &[u8], at: usize, until: &mut usize) -> Option<Span> {
    if at < *until {
        return None;
    }
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let behind = text[..at]
        .iter()
        .rev()
        .take(LONGEST)
        .take_while(|byte| is_part(**byte))
        .count();
    let ahead = count_while(text, at, LONGEST + 2, is_part);
    *until = at + ahead;
    if behind + ahead > LONGEST + 2 {
        return None;
    }
    let start = at - behind;
    // A sentence may go on with a colon or a full stop directly behind or, rarely, before the address.
    let whole = &text[start..at + ahead];
    let (head, tail) = (trim_head(whole), trim_tail(whole));
    let tries = [(0, 0), (0, tail), (head, 0), (head, tail)];
    let (start, end) = tries
        .into_iter()
        .map(|(head, tail)| (start + head, at + ahead - tail))
        .find(|(start, end)| start < end && is_v6(&text[*start..*end]))?;
    let joined = follows_alphanumeric(text, start) || is_alphanumeric_at(text, end);
    (!joined).then(|| Span::new(start, end + zone_length(text, end), Detector::Ip))
}

/// The length of a zone, `%eth0` (RFC 4007 §11).
fn zone_length(text: &[u8], at: usize) -> usize {
    if text.get(at) != Some(&b'%') {
        return 0;
    }
    match count_while(text, at + 1, 16, |byte| byte.is_ascii_alphanumeric()) {
        0 | 16 => 0,
        length => length + 1,
    }
}

/// How much of a lone `:` or `.` to leave out at the start.
fn trim_head(text: &[u8]) -> usize {
    usize::from(matches!(text, [b':' | b'.', next, ..] if *next != b':'))
}

fn trim_tail(text: &[u8]) -> usize {
    match text {
        [.., b':', b':', b':' | b'.'] => 1,
        [.., b':', b':'] => 0,
        [.., b':' | b'.'] => 1,
        _ => 0,
    }
}

fn is_v6(text: &[u8]) -> bool {
    let Some(address) = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<Ipv6Addr>().ok())
    else {
        return false;
    };
    let segments = address.segments();
    // Ours: the discard-only prefix that pseudonyms use.
    let masked = segments[..4] == [0x100, 0, 0, 0];
    // `::` and words joined by it (`dead::beef`) are source code more often than addresses.
    let has_digit = text.iter().any(u8::is_ascii_digit);
    let groups = text
        .split(|byte| *byte == b':')
        .filter(|group| !group.is_empty())
        .count();
    // Eight groups of two are a hardware identifier.
    let is_hardware = text.len() == 23
        && text
            .split(|byte| *byte == b':')
            .all(|group| group.len() == 2);
    !masked && (has_digit || groups >= 4) && groups > 0 && !is_hardware
}
