//! Credentials in a URL: `scheme://user:password@host` (RFC 3986 §3.2.1). Found from the `@`.

use super::Span;
use crate::detector::Detector;
use crate::forms;

/// Longest part between `://` and `@` that is looked at.
const LONGEST: usize = 512;
/// How many `@` the user and the password may themselves contain.
const MOST_SIGNS: usize = 3;

/// `at` is an `@`.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    let window = url_start(text, at);
    let scheme_end = text[window..at]
        .windows(3)
        .rposition(|bytes| bytes == b"://")?;
    let start = window + scheme_end + 3;
    let userinfo = &text[start..at];
    let colon = userinfo.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&userinfo[..colon], &userinfo[colon + 1..]);
    // A path has begun; an IPv6 host.
    if password.is_empty() || user.contains(&b'/') || user.starts_with(b"[") {
        return None;
    }
    // A slash is not allowed in a password but found in many; behind a port or a host it begins the path.
    let slash = password.iter().position(|byte| *byte == b'/');
    let is_path = slash.is_some_and(|slash| {
        let head = &password[..slash];
        head.iter().all(u8::is_ascii_digit) || head.contains(&b'@')
    });
    (!is_path).then(|| Span::new(start, at, Detector::Secret))
}

/// Where what may be one URL up to `at` begins, as far as it is looked at.
fn url_start(text: &[u8], at: usize) -> usize {
    let (mut start, mut signs) = (at, 0);
    while start > at.saturating_sub(LONGEST) {
        match text[start - 1] {
            b'@' if signs == MOST_SIGNS => break,
            b'@' => signs += 1,
            b']' if ends_redaction(&text[..start]) => break,
            byte if ends_url(byte) => break,
            _ => {}
        }
        start -= 1;
    }
    start
}

/// White space, quotes and brackets are in no URL; a query is behind the host.
fn ends_url(byte: u8) -> bool {
    byte <= b' '
        || matches!(
            byte,
            b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'?' | b'#'
        )
}

/// Whether `text` ends with a redaction: what it replaced was no part of a URL, or else the whole had been found.
fn ends_redaction(text: &[u8]) -> bool {
    const LONGEST_NAME: usize = 32;
    let longest = forms::REDACTION_START.len() + LONGEST_NAME + 2;
    let tail = &text[text.len().saturating_sub(longest)..];
    let opening = tail.iter().rposition(|byte| *byte == b'[');
    opening.is_some_and(|opening| tail[opening..].starts_with(forms::REDACTION_START.as_bytes()))
}
