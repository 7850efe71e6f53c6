//! What a token's form is made of: a literal prefix, then runs of characters and more literals.

use crate::detector::Detector;

/// What a run of token characters may consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Digit,
    /// `0-9a-f`, either case
    Hex,
    Letter,
    /// `0-9A-Z`
    Upper,
    Alnum,
    /// `A-Z2-7`
    Base32,
    /// letters, digits, `-`, `_`
    Url,
    /// letters, digits, `-`, `_`, `.`, `=`
    Wide,
    /// letters, digits, `+`, `/`
    Base64,
}

impl Set {
    #[inline]
    pub(crate) fn holds(self, byte: u8) -> bool {
        match self {
            Set::Digit => byte.is_ascii_digit(),
            Set::Hex => byte.is_ascii_hexdigit(),
            Set::Letter => byte.is_ascii_alphabetic(),
            Set::Upper => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            Set::Alnum => byte.is_ascii_alphanumeric(),
            Set::Base32 => byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
            Set::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Set::Wide => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'='),
            Set::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
        }
    }
}

/// A part of a token behind its prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// As many bytes of a set as there are: at least, at most.
    Run(Set, usize, usize),
    Text(&'static str),
}

/// One form of token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub prefix: &'static str,
    pub parts: &'static [Part],
    pub detector: Detector,
}
