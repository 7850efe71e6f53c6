//! Messages that pass unchanged because nothing but a protocol constant can be in them. These checks see to that.

use crate::error::{broken, WireError};

/// The longest tag of PostgreSQL's cmdtaglist.h is far shorter.
const MAX_TAG_BYTES: usize = 64;

/// A tag is a protocol constant: upper-case words and counts.
pub fn command_tag(body: &[u8]) -> Result<(), WireError> {
    let plain = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ';
    match body.split_last() {
        Some((0, tag)) if tag.len() <= MAX_TAG_BYTES && tag.iter().all(plain) => Ok(()),
        _ => broken("a CommandComplete with an impossible tag"),
    }
}

/// CopyInResponse: overall format, count, the format of each column.
pub fn copy_in_response(body: &[u8]) -> Result<(), WireError> {
    match body.split_first_chunk::<3>() {
        Some(([0 | 1, high, low], formats))
            if formats.len() == usize::from(u16::from_be_bytes([*high, *low])) * 2
                && formats
                    .chunks_exact(2)
                    .all(|format| matches!(format, [0, 0 | 1])) =>
        {
            Ok(())
        }
        _ => broken("a CopyInResponse that cannot be read"),
    }
}

pub fn parameter_description(body: &[u8]) -> Result<(), WireError> {
    match body.split_first_chunk::<2>() {
        Some((count, oids)) if oids.len() == usize::from(u16::from_be_bytes(*count)) * 4 => Ok(()),
        _ => broken("a ParameterDescription of impossible length"),
    }
}

/// ReadyForQuery: idle, in a transaction block, or in a failed one.
pub fn transaction_status(body: &[u8]) -> Result<u8, WireError> {
    match body {
        [status @ (b'I' | b'T' | b'E')] => Ok(*status),
        _ => broken("a ReadyForQuery with an unknown status"),
    }
}
