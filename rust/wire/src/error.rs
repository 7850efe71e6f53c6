//! Why a server's bytes are not passed on.

use std::fmt;

/// Every variant ends the stream: what follows cannot be paired with what was asked any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// The server broke the protocol.
    Protocol(String),
    /// A row, or a COPY row, is longer than what can be held to be masked.
    RowTooLarge { bytes: usize, limit: usize },
    /// An earlier error has ended this stream.
    Poisoned,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol(why) => f.write_str(why),
            // The prefix is the SQLSTATE (program_limit_exceeded) that the caller shows.
            Self::RowTooLarge { bytes, limit } => {
                write!(
                    f,
                    "54000: a row of {bytes} bytes is longer than the limit of {limit}"
                )
            }
            Self::Poisoned => f.write_str("the stream has failed before"),
        }
    }
}

impl std::error::Error for WireError {}

pub(crate) fn broken<T>(why: impl Into<String>) -> Result<T, WireError> {
    Err(WireError::Protocol(why.into()))
}
