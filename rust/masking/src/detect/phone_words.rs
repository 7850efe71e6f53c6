//! What the words around digits say about them: a telephone number, or something else that has a number.

/// What the words before a number promise, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Nothing,
    /// Somebody is called, or something else than a telephone number is meant.
    Weak,
    /// It is a telephone number.
    Strong,
}

/// How far back words are read, and how many.
const REACH: usize = 40;
const MOST_WORDS: usize = 4;
/// How many words may stand between `call` and the number.
const FURTHEST_CALL: usize = 2;

const WHOLE: [&str; 9] = [
    "tel", "fax", "cell", "mob", "tlf", "gsm", "cellular", "landline", "hotline",
];
const CALLS: [&str; 14] = [
    "call",
    "calls",
    "called",
    "calling",
    "callback",
    "dial",
    "dialled",
    "dialed",
    "answering",
    "ring",
    "rang",
    "sms",
    "reach",
    "texted",
];
/// These have numbers too.
const OTHERS: [&str; 21] = [
    "id",
    "ids",
    "order",
    "invoice",
    "ref",
    "reference",
    "code",
    "zip",
    "version",
    "port",
    "count",
    "time",
    "date",
    "account",
    "ticket",
    "serial",
    "amount",
    "total",
    "price",
    "timestamp",
    "uuid",
];
const BEHIND: [&str; 9] = [
    "office", "fax", "mobile", "home", "work", "cell", "phone", "tel", "mobil",
];

/// What stands before `at`. `loose`: letters directly before a word may not belong to it.
pub(crate) fn before(text: &[u8], at: usize, loose: bool) -> Said {
    let mut rest = &text[at.saturating_sub(REACH)..at];
    // Neither text nor the frames around it go on over a NUL.
    if let Some(nul) = memchr::memrchr(0, rest) {
        rest = &rest[nul + 1..];
    }
    for distance in 0..MOST_WORDS {
        let Some(last) = rest.iter().rposition(u8::is_ascii_alphabetic) else {
            return Said::Nothing;
        };
        let length = rest[..=last]
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let (head, word) = rest[..=last].split_at(last + 1 - length);
        // `…_at` is a time; what is masked says nothing about what follows.
        if rest[last..].contains(&b']') || word.eq_ignore_ascii_case(b"at") && head.ends_with(b"_")
        {
            return Said::Nothing;
        }
        match said_by(word, loose) {
            Some(Said::Weak) if distance > FURTHEST_CALL => return Said::Nothing,
            Some(said) => return said,
            None => rest = head,
        }
    }
    Said::Nothing
}

fn said_by(word: &[u8], loose: bool) -> Option<Said> {
    const LONGEST: usize = 20;
    if word.len() > LONGEST {
        return None;
    }
    let mut lower = [0; LONGEST];
    for (to, from) in lower.iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    let word = &lower[..word.len()];
    let is_any = |known: &[&str]| {
        known
            .iter()
            .any(|known| word == known.as_bytes() || loose && word.ends_with(known.as_bytes()))
    };
    if has_stem(word) || is_any(&WHOLE) {
        return Some(Said::Strong);
    }
    if is_any(&CALLS) {
        return Some(Said::Weak);
    }
    (!loose && is_any(&OTHERS)).then_some(Said::Nothing)
}

/// `phone`, `mobilePhone`, `telefon`, `mobil`, …
fn has_stem(word: &[u8]) -> bool {
    (0..word.len()).any(|at| {
        let begins = |stem: &[u8]| word[at..].starts_with(stem);
        match word[at] {
            b'p' => begins(b"phone"),
            b't' => begins(b"telef") || begins(b"telf"),
            b'm' => begins(b"mobil") || begins(b"msisdn"),
            b'w' => begins(b"whatsapp"),
            b'h' => begins(b"handy"),
            b'c' => begins(b"celular"),
            _ => false,
        }
    })
}

/// Whether a word directly behind `at` says so: `50-98-28-96-Office`, `61 51 81 (home)`.
pub(crate) fn behind(text: &[u8], at: usize) -> bool {
    let rest = &text[at.min(text.len())..];
    let gap = rest
        .iter()
        .take(2)
        .take_while(|byte| matches!(byte, b' ' | b'-' | b'('))
        .count();
    let word = &rest[gap..];
    let length = word
        .iter()
        .take(8)
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    gap > 0
        && BEHIND
            .iter()
            .any(|known| word[..length].eq_ignore_ascii_case(known.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_that_says_something_counts() {
        let said = |text: &str| before(text.as_bytes(), text.len(), false);
        for text in [
            "Phone: ",
            "my telephone number is ",
            "mobilePhone\":\"",
            "Tel. ",
            "TELEFON: ",
        ] {
            assert_eq!(said(text), Said::Strong, "{text}");
        }
        assert_eq!(said("You can call "), Said::Weak);
        for text in ["phone id ", "hotel ", "order ", "phone_verified_at: ", ""] {
            assert_eq!(said(text), Said::Nothing, "{text}");
        }
    }
}
