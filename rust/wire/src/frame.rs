//! Cutting a server's bytes into messages: type, length (which counts itself), body.
//!
//! The type is judged before the length, so that garbage ends the connection however plausible its length is.

use crate::error::{broken, WireError};

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_message_bytes: usize,
    /// For DataRow and CopyData, which have to be held whole to be masked.
    pub max_row_bytes: usize,
}

pub const HEAD: usize = 5;

/// The size of the message at the start of `bytes`, head included, as soon as its head is there.
pub fn message_size(bytes: &[u8], limits: Limits) -> Result<Option<usize>, WireError> {
    let Some(kind) = bytes.first() else {
        return Ok(None);
    };
    let exact = match kind {
        b'1' | b'2' | b'3' | b'n' | b's' | b'I' | b'c' => Some(4),
        b'Z' => Some(5),
        b'D' | b'd' | b'T' | b'C' | b'E' | b'N' | b'S' | b'A' | b'G' | b'H' | b't' => None,
        _ => return broken(format!("message type 0x{kind:02x} has no place here")),
    };
    let Some(length) = bytes.get(1..HEAD) else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    if exact.is_some_and(|exact| exact != length) || length < 4 {
        return broken(format!(
            "a message of type 0x{kind:02x} with length {length}"
        ));
    }
    let body = length - 4;
    if matches!(kind, b'D' | b'd') {
        if body > limits.max_row_bytes {
            return Err(WireError::RowTooLarge {
                bytes: body,
                limit: limits.max_row_bytes,
            });
        }
    } else if length > limits.max_message_bytes {
        return broken(format!(
            "a message of type 0x{kind:02x} with length {length}"
        ));
    }
    Ok(Some(length + 1))
}
