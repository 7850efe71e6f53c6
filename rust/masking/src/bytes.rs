//! Questions about the bytes around a candidate.

/// Whether the byte at `at` is a letter or digit (false outside of the text).
#[inline]
pub(crate) fn is_alphanumeric_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// Whether the byte at `at` is a digit (false outside of the text).
#[inline]
pub(crate) fn is_digit_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

/// The byte before `at`.
#[inline]
pub(crate) fn before(text: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).map(|index| text[index])
}

/// Whether a letter or digit stands directly before `at`.
#[inline]
pub(crate) fn follows_alphanumeric(text: &[u8], at: usize) -> bool {
    before(text, at).is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// How many bytes from `at` on satisfy `is`, at most `limit`.
#[inline]
pub(crate) fn count_while(text: &[u8], at: usize, limit: usize, is: impl Fn(u8) -> bool) -> usize {
    text[at.min(text.len())..]
        .iter()
        .take(limit)
        .take_while(|byte| is(**byte))
        .count()
}

/// The value of a decimal number that fits (`text` holds digits only, nine at the most).
#[inline]
pub(crate) fn number(text: &[u8]) -> u32 {
    text.iter()
        .fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
}

/// Whether one of `words` (lower case) stands within the `reach` bytes before `at`.
pub(crate) fn has_context(text: &[u8], at: usize, reach: usize, words: &[&str]) -> bool {
    let around = text[at.saturating_sub(reach)..at].to_ascii_lowercase();
    words
        .iter()
        .any(|word| memchr::memmem::find(&around, word.as_bytes()).is_some())
}
