//! US Social Security numbers: `AAA-GG-SSSS` (SSA, "Meaning of the SSN"; area rules as of the randomisation of 2011).
//!
//! With dashes the form is enough. With spaces or dots, which other numbers have too, a word must say so.

use super::Span;
use crate::bytes::{
    before, follows_alphanumeric, has_context, is_alphanumeric_at, is_digit_at, number,
};
use crate::detector::Detector;

const LENGTH: usize = 11;

/// `at` is the first of three digits, a separator, two digits, a separator, four digits.
pub(crate) fn confirm(text: &[u8], at: usize) -> Option<Span> {
    let (separator, end) = (text[at + 3], at + LENGTH);
    if text[at + 6] != separator || !stands_alone(text, at, end) {
        return None;
    }
    let area = number(&text[at..at + 3]);
    let assigned = !matches!(area, 0 | 666 | 900..)
        && text[at + 4..at + 6] != *b"00"
        && text[end - 4..end] != *b"0000";
    let told = separator == b'-' || has_context(text, at, 32, &["ssn", "social sec", "soc sec"]);
    (assigned && told).then(|| Span::new(at, end, Detector::UsSsn))
}

fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let joins = |byte: Option<u8>| matches!(byte, Some(b'-' | b'.' | b'+' | b'_'));
    let continues = joins(text.get(end).copied()) && is_alphanumeric_at(text, end + 1);
    let continued = joins(before(text, start)) && start >= 2 && is_digit_at(text, start - 2);
    !continues && !continued && !follows_alphanumeric(text, start) && !is_alphanumeric_at(text, end)
}
