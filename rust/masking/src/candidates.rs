//! Where in a text something *could* be: bit logic over the classes of two blocks, the current and the next.
//!
//! Every match of a detector contains at least one candidate, or overlaps a match that does. A candidate is told from
//! the bytes at and behind it alone, never from those before: what a cell is preceded by changes nothing, which is what
//! makes one pass over many cells valid ([`Engine::may_match`](crate::Engine::may_match)). The one exception, that some
//! kinds report only the start of a run, can only move a candidate to the left.

use std::ops::ControlFlow;

use crate::classes::{block_at, Classes, BLOCK};

/// What kind of parser is asked at a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An `@`, or a `%` that may begin an encoded one: addresses, credentials in URLs.
    At,
    /// A `+`: international telephone numbers.
    Plus,
    /// The first of `ddd-dd-dddd`, with any of the separators.
    Ssn,
    /// The last digit of the first of four dotted numbers.
    DottedQuad,
    /// A `:` in what may be an IPv6 address.
    Colons,
    /// The start of a run of digits, or of digits with single separators, as long as a card's.
    DigitRun,
    /// Two letters and two digits, and enough behind them for an IBAN.
    Iban,
    /// The start of a long run of token characters.
    Word,
    /// The start of five dashes or more.
    Dashes,
}

const KINDS: [Kind; 9] = [
    Kind::At,
    Kind::Plus,
    Kind::Ssn,
    Kind::DottedQuad,
    Kind::Colons,
    Kind::DigitRun,
    Kind::Iban,
    Kind::Word,
    Kind::Dashes,
];

/// Shortest run of token characters that can be a token.
pub(crate) const SHORTEST_WORD: u32 = 20;
/// Shortest run of bare digits that can be a card.
pub(crate) const SHORTEST_CARD: u32 = 12;
/// Shortest run of digits and separators that can be a card.
const SHORTEST_GROUPED_CARD: u32 = 15;
/// Shortest IBAN (Norway's).
const SHORTEST_IBAN: u32 = 15;
/// Shortest text that any detector matches (`::1`).
const SHORTEST_TEXT: usize = 3;

/// One class in the current block (low half) and the next. `lane >> n` looks n bytes ahead; looking ahead further
/// than one block in all is not possible.
type Lane = u128;

/// Whether this and the next `length - 1` bytes are all in the lane, by doubling.
#[inline]
fn run(mut lane: Lane, length: u32) -> Lane {
    let mut covered = 1;
    while covered < length {
        let step = covered.min(length - covered);
        lane &= lane >> step;
        covered += step;
    }
    lane
}

/// Per kind that reports starts of runs: whether a run reached the end of the block before.
#[derive(Default)]
struct Carry {
    digits: u64,
    words: u64,
    dashes: u64,
}

/// Positions where a run of ones starts.
#[inline]
fn starts(lane: Lane, carry: &mut u64) -> u64 {
    let here = lane as u64;
    let found = here & !(here << 1 | *carry);
    *carry = here >> 63;
    found
}

/// A mask of candidates for each of [`KINDS`].
#[inline]
fn combine(here: &Classes, next: &Classes, carry: &mut Carry) -> [u64; KINDS.len()] {
    let lane = |here: u64, next: u64| Lane::from(here) | Lane::from(next) << 64;
    let digit = lane(here.digit, next.digit);
    let letter = lane(here.letter, next.letter);
    let dot = lane(here.dot, next.dot);
    let colon = lane(here.colon, next.colon);
    let dash = lane(here.dash, next.dash);
    let gap = dash | lane(here.space, next.space);

    let joint = gap | dot;
    let ssn = run(digit, 3) & joint >> 3 & run(digit, 2) >> 4 & joint >> 6 & run(digit, 4) >> 7;

    // The last digit before a dot that is followed by a digit; twice more within three digits.
    let octet = digit & dot >> 1 & digit >> 2;
    let reach = |octet: Lane| octet >> 2 | octet >> 3 | octet >> 4;
    let quad = octet & reach(octet & reach(octet));

    // Four colons with up to four digits between each two; or two at once.
    let groups = |more: Lane| colon & (more >> 2 | more >> 3 | more >> 4 | more >> 5);
    let colons = colon & colon >> 1 | groups(groups(groups(colon)));

    let grouped = digit | gap & digit >> 1;
    let digits = run(digit, SHORTEST_CARD) | run(grouped, SHORTEST_GROUPED_CARD);

    let iban = letter & letter >> 1 & run(digit, 2) >> 2 & run(letter | digit | gap, SHORTEST_IBAN);
    let word = lane(here.word, next.word);

    [
        here.at,
        here.plus & (digit >> 1 | digit >> 2) as u64,
        ssn as u64,
        quad as u64,
        colons as u64,
        starts(digits, &mut carry.digits),
        iban as u64,
        starts(run(word, SHORTEST_WORD), &mut carry.words),
        starts(run(dash, 5), &mut carry.dashes),
    ]
}

/// Call `visit` with every candidate at or after `from`, in the order of their positions, until it breaks.
#[inline]
pub(crate) fn visit(
    text: &[u8],
    from: usize,
    mut visit: impl FnMut(Kind, usize) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if text.len() < from + SHORTEST_TEXT {
        return ControlFlow::Continue(());
    }
    let mut carry = Carry::default();
    let mut start = from;
    let mut here = block_at(text, start);
    while start < text.len() {
        let next = block_at(text, start + BLOCK);
        let masks = combine(&here, &next, &mut carry);
        let mut any = masks.iter().fold(0, |any, mask| any | mask);
        while any != 0 {
            let bit = any.trailing_zeros();
            any &= any - 1;
            for (kind, mask) in KINDS.iter().zip(masks) {
                if mask >> bit & 1 == 1 {
                    visit(*kind, start + bit as usize)?;
                }
            }
        }
        here = next;
        start += BLOCK;
    }
    ControlFlow::Continue(())
}
