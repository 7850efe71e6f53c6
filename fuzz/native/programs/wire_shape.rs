//! The shape of a text: its literals stand in order inside of it, and texts with other literals have the same shape.
#![no_main]

use libfuzzer_sys::fuzz_target;
use safelight_wire::shape;

fuzz_target!(|text: &[u8]| {
    let Some(found) = shape(text) else { return };
    let mut end = 0;
    let mut other = Vec::new();
    for (start, stop) in &found.literals {
        assert!(
            *start >= end && start < stop && *stop <= text.len(),
            "a literal out of place"
        );
        other.extend_from_slice(&text[end..*start]);
        // Another literal of the same class, at most as long: a digit or a letter changes.
        let literal = &text[*start..*stop];
        let string = literal[0] == b'\'';
        let changed = literal.iter().enumerate().map(|(at, byte)| match byte {
            b'a'..=b'y' if string => byte + 1,
            b'1'..=b'8' if at + 1 == literal.len() && literal.len() > 1 && !string => b'1',
            byte => *byte,
        });
        other.extend(changed);
        end = *stop;
    }
    other.extend_from_slice(&text[end..]);
    let again = shape(&other).expect("a text of the same shape");
    assert_eq!(
        again.skeleton, found.skeleton,
        "literals of the same class tell on the shape"
    );
    assert_eq!(again.literals, found.literals);
});
