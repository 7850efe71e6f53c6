//! Credentials in a URL: `scheme://user:password@host` (RFC 3986 §3.2.1). Found from the `@`.

use super::Span;
use crate::detector::Detector;

/// Longest part between `://` and `@` that is looked at.
const LONGEST: usize = 512;

/// `at` is an `@`. `last`: what was found before it, since a password may itself contain one.
pub(crate) fn confirm(text: &[u8], at: usize, last: Option<&Span>) -> Option<Span> {
    let behind = text[..at].iter().rev().take(LONGEST);
    let start = at - behind.take_while(|byte| !ends_url(**byte)).count();
    if text[..start].ends_with(b"@") {
        return extend(start - 1, at, last);
    }
    let scheme_end = memchr::memmem::rfind(&text[start..at], b"://")?;
    let start = start + scheme_end + 3;
    let userinfo = &text[start..at];
    let colon = userinfo.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&userinfo[..colon], &userinfo[colon + 1..]);
    // A path has begun; an IPv6 host; our own redaction.
    if password.is_empty() || user.contains(&b'/') || user.starts_with(b"[") {
        return None;
    }
    // A slash is not allowed in a password but found in many; behind a port it begins the path.
    let slash = password.iter().position(|byte| *byte == b'/');
    let is_port = slash.is_some_and(|slash| password[..slash].iter().all(u8::is_ascii_digit));
    (!is_port).then(|| Span::new(start, at, Detector::Secret))
}

/// White space, quotes and brackets are in no URL; a query is behind the host; an `@` is looked at for itself.
fn ends_url(byte: u8) -> bool {
    byte <= b' '
        || matches!(
            byte,
            b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b'@' | b'?' | b'#'
        )
}

/// The password of `last` goes on to the next `@`.
fn extend(previous: usize, at: usize, last: Option<&Span>) -> Option<Span> {
    let last = last.filter(|span| span.detector == Detector::Secret && span.end == previous)?;
    Some(Span::new(last.start, at, Detector::Secret))
}
