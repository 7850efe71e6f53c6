//! Hardware addresses (IEEE 802 EUI-48): six octets joined by colons or dashes, not all alike.

use super::Span;
use crate::bytes::{before, is_alphanumeric_at};
use crate::detector::Detector;

const LENGTH: usize = 17;

/// `at` is the first colon or dash.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    let start = at.checked_sub(2)?;
    let edge = before(text, start);
    let joined = edge
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_'))
        || is_alphanumeric_at(text, start + LENGTH)
        || matches!(text.get(start + LENGTH), Some(b':' | b'-'))
            && is_alphanumeric_at(text, start + LENGTH + 1);
    let address = text.get(start..start + LENGTH).filter(|_| !joined)?;
    let joint = address[2];
    let octets = || address.chunks(3);
    let whole = octets().all(|octet| {
        octet[..2].iter().all(u8::is_ascii_hexdigit)
            && octet.get(2).is_none_or(|byte| *byte == joint)
    });
    // `00:00:…` and the broadcast address are nobody's.
    let varied = octets().any(|octet| octet[..2] != address[..2]);
    (whole && varied && matches!(joint, b':' | b'-'))
        .then(|| Span::new(start, start + LENGTH, Detector::Mac))
}
