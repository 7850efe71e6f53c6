//! Recognises what this crate made, so that masked values are not written back into production.
//!
//! No false negatives: every form in [`forms`](crate::forms) is found, whatever surrounds it. Simple searches for
//! rare literals, so that it costs little on a long COPY.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::forms;

/// The bullets as JSON writers without UTF-8 spell them.
const ESCAPED_BULLETS: &str = "\\u2022\\u2022\\u2022";

/// Whether `data` contains something that masking made.
pub fn carries_masked(data: &[u8]) -> bool {
    static SEARCHES: LazyLock<[(Finder<'static>, Check); 7]> = LazyLock::new(|| {
        let search = |needle: &'static str, check: Check| (Finder::new(needle), check);
        [
            search(forms::REDACTION_START, |rest| {
                rest.first().is_some_and(|byte| matches!(byte, b']' | b':'))
            }),
            search(forms::EMAIL_END, |_| true),
            search(forms::BULLETS, |_| true),
            search(ESCAPED_BULLETS, |_| true),
            search(forms::PHONE_START, |rest| {
                digits(rest) >= forms::PHONE_DIGITS
            }),
            search(forms::SSN_START, forms::starts_with_token),
            search(forms::IP_START, is_masked_ip_rest),
        ]
    });
    let found = |(finder, check): &(Finder<'static>, Check)| {
        let length = finder.needle().len();
        finder.find_iter(data).any(|at| check(&data[at + length..]))
    };
    SEARCHES.iter().any(found) || carries_card(data) || carries_token(data)
}

/// Looks at what follows a found literal.
type Check = fn(&[u8]) -> bool;

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Four groups after the prefix, spelled as any program would.
fn is_masked_ip_rest(rest: &[u8]) -> bool {
    const LONGEST: usize = forms::IP_GROUPS * 5;
    let mut groups = rest[..rest.len().min(LONGEST)].splitn(forms::IP_GROUPS, |byte| *byte == b':');
    let is_group =
        |group: &[u8]| matches!(group.len(), 1..=4) && group.iter().all(u8::is_ascii_hexdigit);
    let inner = groups.by_ref().take(forms::IP_GROUPS - 1).all(is_group);
    inner
        && groups
            .next()
            .is_some_and(|last| last.first().is_some_and(u8::is_ascii_hexdigit))
}

/// A masked card may stand beside other digits, so every place and every length counts.
fn carries_card(data: &[u8]) -> bool {
    static START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(forms::CARD_START));
    let mut from = 0;
    while let Some(at) = START.find(&data[from..]) {
        if starts_with_card(&data[from + at..]) {
            return true;
        }
        from += at + 1;
    }
    false
}

fn starts_with_card(text: &[u8]) -> bool {
    // Sums[parity]: the Luhn sum so far if the digits at places of this parity are the doubled ones.
    let mut sums = [0u32; 2];
    for (place, byte) in text.iter().take(*forms::CARD_LENGTHS.end()).enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let value = u32::from(byte - b'0');
        let doubled = if value > 4 { value * 2 - 9 } else { value * 2 };
        sums[place % 2] += doubled;
        sums[1 - place % 2] += value;
        // The last digit is never doubled.
        if forms::CARD_LENGTHS.contains(&(place + 1))
            && sums[1 - place % 2] % 10 == forms::CARD_LUHN
        {
            return true;
        }
    }
    false
}

/// `:<token>]`, the end of a pseudonym without a form of its own.
fn carries_token(data: &[u8]) -> bool {
    memchr::memchr_iter(b']', data).any(|end| {
        let Some(colon) = end.checked_sub(forms::TOKEN_LENGTH + 1) else {
            return false;
        };
        data[colon] == b':' && forms::starts_with_token(&data[colon + 1..end])
    })
}
