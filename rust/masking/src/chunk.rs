//! One pass over many cells at once, with whatever stands between them: is there anything to look at, and where?
//!
//! It must have no false negatives. So it asks less than the parsers do: nothing about what stands before or behind a
//! candidate, since framing bytes may look like text, and it takes every escape that may hide something in JSON.

use std::ops::ControlFlow;

use crate::candidates::{visit, Dates, Kind};
use crate::detect::{assigned, card, email, iban, national, phone, private_key, token};
use crate::regions::Regions;

/// What looks like a part of a run at its start and is not, at the most: the four bytes of a PostgreSQL cell's length,
/// or the letter of a JSON escape.
const FRAMING: usize = 4;

/// The first place at or after `from` where something could match.
pub(crate) fn next_candidate(chunk: &[u8], from: usize, regions: &Regions) -> Option<usize> {
    let mut found = None;
    let _ = visit(chunk, from, Dates::Doubtful, |kind, at| {
        if is_plausible(chunk, kind, at, regions) {
            found = Some(at);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let before = &chunk[from.min(chunk.len())..found.unwrap_or(chunk.len())];
    hiding_escape(before).map(|at| from + at).or(found)
}

#[inline(never)]
fn is_plausible(chunk: &[u8], kind: Kind, at: usize, regions: &Regions) -> bool {
    match kind {
        Kind::At => email::is_plausible(chunk, at),
        Kind::Plus => phone::is_plausible(chunk, at),
        Kind::DigitRun => card::is_plausible(chunk, at, FRAMING),
        Kind::Iban => iban::parse(chunk, at).is_some(),
        Kind::Word => token::is_plausible(chunk, at, FRAMING),
        Kind::Dashes => private_key::is_plausible(chunk, at),
        Kind::Groups => national::is_plausible(chunk, at, framing(chunk, at), regions),
        Kind::Assign => assigned::is_plausible(chunk, at),
        Kind::Ssn | Kind::DottedQuad | Kind::Colons | Kind::Pairs => true,
    }
}

/// How many digits at `at` may be the end of a PostgreSQL cell's length before the cell: a length that leads to the end
/// of the chunk, another length, or another row.
fn framing(chunk: &[u8], at: usize) -> usize {
    let is_length = |skipped: &usize| {
        let start = at + skipped;
        let Some(length) = start.checked_sub(4).and_then(|from| chunk.get(from..start)) else {
            return false;
        };
        let length = length
            .iter()
            .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
        matches!(
            chunk.get(start.saturating_add(length)),
            None | Some(0 | 0xff | b'D')
        )
    };
    (1..FRAMING).rev().find(is_length).unwrap_or(0)
}

/// The first JSON escape that can stand for a character that matters: `\u0040`, `\/`.
fn hiding_escape(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\\', text).find(|at| matches!(text.get(at + 1), Some(b'u' | b'/')))
}
