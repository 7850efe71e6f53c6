//! Control sequences of terminals (ECMA-48, ISO 6429): what is read on the screen is searched as if they were not
//! there, and what is inside of them (a window's title) is searched as well.
//!
//! Sequences that move the cursor can put a text together from pieces that stand far apart. That is not undone here.

use crate::detect::Span;
use crate::engine::Engine;
use crate::scan::settle;

const ESC: u8 = 0x1b;

/// What is found in `text`, with its control sequences and without them.
pub(crate) fn find(engine: &Engine, text: &[u8]) -> Vec<Span> {
    let mut spans = engine.find(text);
    if !text.iter().any(|byte| is_control(*byte)) {
        return spans;
    }
    let (visible, places) = visible(text);
    for span in engine.find(&visible) {
        spans.push(Span {
            start: places[span.start],
            end: places[span.end - 1] + 1,
            detector: span.detector,
        });
    }
    settle(&mut spans);
    spans
}

/// Append the sequences of `text` that set colours: those in what is replaced go on to count.
pub(crate) fn colours(text: &[u8], out: &mut Vec<u8>) {
    let mut place = 0;
    while let Some(found) = memchr::memchr(ESC, &text[place..]) {
        let start = place + found;
        place = start + length(&text[start..]);
        let sequence = &text[start..place];
        let plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b';' | b':');
        if let [ESC, b'[', parameters @ .., b'm'] = sequence {
            if parameters.len() <= 32 && parameters.iter().all(plain) {
                out.extend_from_slice(sequence);
            }
        }
    }
}

/// Control characters but tabs and line ends; the lead of a C1 control in UTF-8.
fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || matches!(byte, 0x7f | 0xc2)
}

/// The text without its control sequences, and where each of its bytes stands.
fn visible(text: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let (mut visible, mut places) = (
        Vec::with_capacity(text.len()),
        Vec::with_capacity(text.len()),
    );
    let mut place = 0;
    while place < text.len() {
        let skipped = match text[place] {
            ESC => length(&text[place..]),
            0xc2 if matches!(text.get(place + 1), Some(0x80..=0x9f)) => {
                1 + length(&text[place + 1..])
            }
            0xc2 => 0,
            byte => usize::from(is_control(byte)),
        };
        if skipped == 0 {
            visible.push(text[place]);
            places.push(place);
        }
        place += skipped.max(1);
    }
    (visible, places)
}

/// The length of the sequence that begins with an ESC, or with the second byte of a C1 control.
fn length(text: &[u8]) -> usize {
    let (kind, head) = match (text[0], text.get(1)) {
        (ESC, Some(kind)) => (*kind, 2),
        (ESC, None) => return 1,
        (control, _) => (control.wrapping_sub(0x40), 1),
    };
    let rest = &text[head..];
    match kind {
        // CSI: parameters, intermediates, a final byte.
        b'[' => {
            let inner = rest
                .iter()
                .take_while(|byte| (0x20..0x40).contains(*byte))
                .count();
            let is_final = rest
                .get(inner)
                .is_some_and(|byte| (0x40..0x7f).contains(byte));
            head + inner + usize::from(is_final)
        }
        // OSC, DCS, SOS, PM, APC: a string up to its terminator, on one line.
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let inner = rest
                .iter()
                .take_while(|byte| !matches!(**byte, 7 | ESC | b'\n'))
                .count();
            let end = match rest.get(inner..) {
                Some([7, ..]) => 1,
                Some([ESC, b'\\', ..]) => 2,
                _ => 0,
            };
            head + inner + end
        }
        b' '..=b'/' => {
            let inner = rest
                .iter()
                .take_while(|byte| (0x20..0x30).contains(*byte))
                .count();
            (head + inner + 1).min(text.len())
        }
        _ => head,
    }
}
