//! Credentials in a URL: `scheme://user:password@host` (RFC 3986 §3.2.1). Found from the `@`.

use super::Span;
use crate::detector::Detector;
use crate::forms;

/// Longest part between `://` and `@` that is looked at.
const LONGEST: usize = 512;

/// `at` is an `@`. `last`: what was found before it, since a password may itself contain one.
pub(crate) fn confirm(text: &[u8], at: usize, last: Option<&Span>) -> Option<Span> {
    let behind = text[..at].iter().rev().take(LONGEST);
    let start = at - behind.take_while(|byte| !ends_url(**byte)).count();
    let Some(scheme_end) = text[start..at]
        .windows(3)
        .rposition(|window| window == b"://")
    else {
        return extend(text, start, at, last);
    };
    let start = start + scheme_end + 3;
    let userinfo = &text[start..at];
    let colon = userinfo.iter().position(|byte| *byte == b':')?;
    let (user, password) = (&userinfo[..colon], &userinfo[colon + 1..]);
    // A path has begun; an IPv6 host; the colon of our own redaction.
    let is_ours = user.ends_with(forms::REDACTION_START.as_bytes());
    if password.is_empty() || user.contains(&b'/') || user.starts_with(b"[") || is_ours {
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

/// The password of `last` goes on behind an `@` directly before `start`.
fn extend(text: &[u8], start: usize, at: usize, last: Option<&Span>) -> Option<Span> {
    let previous = start
        .checked_sub(1)
        .filter(|previous| text[*previous] == b'@')?;
    let last = last.filter(|span| span.detector == Detector::Secret && span.end == previous)?;
    Some(Span::new(last.start, at, Detector::Secret))
}
