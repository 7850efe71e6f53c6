//! What stands in a statement's sealed field before it is encrypted: `T` a text, or `P` a text and bound values, each
//! behind its length (-1: NULL).

/// What is longer is not kept whole; how it is shortened is not decided here.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;
const LENGTH_BYTES: usize = 4;
const NULL: [u8; LENGTH_BYTES] = (-1i32).to_be_bytes();

/// Replace `out` with the plaintext of a statement; `false` when it is too long to be kept whole.
pub fn of_statement<V: AsRef<[u8]>>(text: &[u8], values: &[Option<V>], out: &mut Vec<u8>) -> bool {
    out.clear();
    if values.is_empty() {
        if text.len() >= LIMIT_BYTES {
            return false;
        }
        out.push(b'T');
        out.extend_from_slice(text);
        return true;
    }
    let length = |value: &Option<V>| LENGTH_BYTES + value.as_ref().map_or(0, |v| v.as_ref().len());
    let whole = 1 + LENGTH_BYTES + text.len() + values.iter().map(length).sum::<usize>();
    if whole > LIMIT_BYTES {
        return false;
    }
    out.push(b'P');
    counted(text, out);
    for value in values {
        match value {
            Some(value) => counted(value.as_ref(), out),
            None => out.extend_from_slice(&NULL),
        }
    }
    true
}

/// Every length is below the limit here, so that it fits.
fn counted(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(value.len() as u32).to_be_bytes());
    out.extend_from_slice(value);
}
