//! Byte classes of 64 bytes at a time, as bit masks: bit n is byte n. The only vectorised code.

use wide::u8x64;

/// Bytes in a block.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block belong to which class.
#[derive(Clone, Copy, Default)]
pub(crate) struct Classes {
    /// `0-9`
    pub digit: u64,
    /// `a-z`, `A-Z`
    pub letter: u64,
    /// What tokens are made of: letters, digits, `-`, `.`, `/`, `_`
    pub word: u64,
    /// `@`, or `%` (an encoded `@` begins with it)
    pub at: u64,
    /// `+`
    pub plus: u64,
    /// `-`
    pub dash: u64,
    /// `.`
    pub dot: u64,
    /// `:`
    pub colon: u64,
    /// space
    pub space: u64,
    /// `=`, `:`, `>`: what may stand between a name and its value
    pub assign: u64,
    /// `"`, `'`, `,` (and `#$%&`, which are between): quoted names and values
    pub quote: u64,
}

#[inline(always)]
pub(crate) fn classify(block: &[u8; BLOCK]) -> Classes {
    let bytes = u8x64::new(*block);
    let is = |byte: u8| bytes.simd_eq(u8x64::splat(byte));
    let within = |bytes: u8x64, first: u8, last: u8| {
        (bytes - u8x64::splat(first)).simd_le(u8x64::splat(last - first))
    };
    let letter = within(bytes | u8x64::splat(0x20), b'a', b'z');
    // `-`, `.`, `/` and the digits are neighbours.
    let word = within(bytes, b'-', b'9') | letter | is(b'_');
    let colon = is(b':');
    Classes {
        digit: within(bytes, b'0', b'9').to_bitmask(),
        letter: letter.to_bitmask(),
        word: word.to_bitmask(),
        at: (is(b'@') | is(b'%')).to_bitmask(),
        plus: is(b'+').to_bitmask(),
        dash: is(b'-').to_bitmask(),
        dot: is(b'.').to_bitmask(),
        colon: colon.to_bitmask(),
        space: is(b' ').to_bitmask(),
        assign: (within(bytes, b'=', b'>') | colon).to_bitmask(),
        quote: (within(bytes, b'"', b'\'') | is(b',')).to_bitmask(),
    }
}

/// The block that starts at `start`, filled up with zeros behind the end of the text.
#[inline]
pub(crate) fn block_at(text: &[u8], start: usize) -> Classes {
    let rest = &text[start.min(text.len())..];
    if let Some(block) = rest.first_chunk() {
        return classify(block);
    }
    if rest.is_empty() {
        return Classes::default();
    }
    // The last whole block holds the rest at its end: cheaper than to copy it.
    if let Some(block) = text.last_chunk() {
        return classify(block).skip(BLOCK - rest.len());
    }
    let mut padded = [0; BLOCK];
    padded[..rest.len()].copy_from_slice(rest);
    classify(&padded)
}

impl Classes {
    /// Without the first `count` bytes (fewer than a block).
    fn skip(self, count: usize) -> Classes {
        Classes {
            digit: self.digit >> count,
            letter: self.letter >> count,
            word: self.word >> count,
            at: self.at >> count,
            plus: self.plus >> count,
            dash: self.dash >> count,
            dot: self.dot >> count,
            colon: self.colon >> count,
            space: self.space >> count,
            assign: self.assign >> count,
            quote: self.quote >> count,
        }
    }
}
