//! What a caller can do wrong.
use std::fmt;

#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// A line break inside of what becomes one line.
    LineBreak,
    /// A record's kind is plain ASCII that needs no escapes.
    Kind,
    /// The session was not opened.
    NoSession,
    /// There is no salt left.
    NoSalt,
    /// The cipher takes no field as long as this.
    TooLong,
    /// Random bytes come in whole salts.
    SaltLength,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Error::LineBreak => "the fields of a record are one line",
            Error::Kind => "a record's kind is plain ASCII",
            Error::NoSession => "the session was not opened",
            Error::NoSalt => "there is no salt left",
            Error::TooLong => "a field too long to be sealed",
            Error::SaltLength => "random bytes come in whole salts",
        })
    }
}

impl std::error::Error for Error {}
