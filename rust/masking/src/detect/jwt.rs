//! JSON Web Tokens in compact form (RFC 7519; RFC 7516 for encrypted ones), and tokens encoded once more in base64.

use super::Span;
use crate::bytes::count_while;
use crate::detector::Detector;

/// Shortest header: `{"alg":"none"}` has 19 characters of base64 behind the first.
const SHORTEST_HEADER: usize = 17;
const SHORTEST_PAYLOAD: usize = 10;
/// Shortest text of a token that is encoded once more.
const SHORTEST_ENCODED: usize = 60;

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// `at` begins with `ey`. `until`: up to where no other start needs to be tried.
pub(crate) fn confirm(text: &[u8], at: usize, until: &mut usize) -> Option<Span> {
    if at < *until {
        return None;
    }
    let header_end = at + count_while(text, at, text.len(), is_base64url);
    *until = header_end;
    if header_end - at < SHORTEST_HEADER || !text[header_end..].starts_with(b".ey") {
        return None;
    }
    let mut end = header_end;
    let mut parts = 1;
    while parts < 5 && text.get(end) == Some(&b'.') {
        let length = count_while(text, end + 1, text.len(), |byte| {
            is_base64url(byte) || byte == b'/'
        });
        if parts == 1 && length < SHORTEST_PAYLOAD {
            return None;
        }
        if length == 0 {
            break;
        }
        end += 1 + length;
        parts += 1;
    }
    end += count_while(text, end, 2, |byte| byte == b'=');
    *until = end;
    Some(Span::new(at, end, Detector::Jwt))
}

/// `at` begins with `ZXlK`, which is `eyJ` in base64.
pub(crate) fn confirm_encoded(text: &[u8], at: usize) -> Option<Span> {
    let length = count_while(text, at, text.len(), |byte| {
        is_base64url(byte) || matches!(byte, b'+' | b'/' | b'=')
    });
    (length >= SHORTEST_ENCODED).then(|| Span::new(at, at + length, Detector::Jwt))
}
