//! A stream's output does not depend on how its input was cut, and nothing that is cut or coloured passes.

use std::sync::Arc;

use proptest::prelude::*;
use safelight_masking::{Engine, Medium, Tally, TextStream, MOST_HELD_BYTES};

fn stream(medium: Medium) -> TextStream {
    TextStream::new(Arc::new(Engine::new([1; 32], [2; 32])), medium)
}

fn run<'a>(medium: Medium, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut stream, mut out, mut found) = (stream(medium), Vec::new(), Tally::new());
    for piece in pieces {
        stream.push(piece, &mut out, &mut found);
        assert!(stream.held_bytes() < MOST_HELD_BYTES);
    }
    stream.finish(&mut out, &mut found);
    out
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "maria@example.com", "4242 4242 4242 4242", "\n", " ", "tel. ", "0131 496 0817", "password=\"x9", "k2!\"", "\x1b[31m", "\x1b]0;", "\x07",
            "\x1b", "[0m", "-----BEGIN RSA PRIVATE KEY-----\n", "MIIEpAIBAAKCAQEA\n", "-----END RSA PRIVATE KEY-----", "\r", "\u{9b}1m", "42", "42",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_change_nothing(
        pieces in prop::collection::vec(piece(), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        terminal in any::<bool>(),
        filler in 0usize..3,
    ) {
        let medium = if terminal { Medium::Terminal } else { Medium::Text };
        // Sometimes a line that is longer than what is held.
        let mut text = b"word ".repeat(filler * 9_000);
        text.extend(pieces.concat());
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let whole = run(medium, [&text[..]]);
        prop_assert_eq!(&whole, &run(medium, places.windows(2).map(|pair| &text[pair[0]..pair[1]])));
        if text.len() < 2_000 {
            prop_assert_eq!(&whole, &run(medium, text.chunks(1)));
        }
    }

    #[test]
    fn a_flush_at_any_time_never_shows_what_came_after_it(text in prop::collection::vec(piece(), 0..12), at in any::<prop::sample::Index>()) {
        let text = text.concat();
        let (head, tail) = text.split_at(at.index(text.len() + 1));
        let (mut stream, mut out, mut found) = (stream(Medium::Terminal), Vec::new(), Tally::new());
        stream.push(head, &mut out, &mut found);
        stream.flush(&mut out, &mut found);
        prop_assert_eq!(stream.held_bytes(), 0);
        stream.push(tail, &mut out, &mut found);
        stream.finish(&mut out, &mut found);
    }
}

#[test]
fn every_single_cut_of_a_secret_is_caught() {
    let text = b"to maria@example.com, card 4242 4242 4242 4242 and \x1b[1mghp_\x1b[0m0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX\n";
    let whole = run(Medium::Terminal, [&text[..]]);
    let shown = String::from_utf8_lossy(&whole).into_owned();
    for hidden in ["maria", "4242", "0aB1"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    for cut in 0..text.len() {
        let (head, tail) = text.split_at(cut);
        assert_eq!(run(Medium::Terminal, [head, tail]), whole, "cut at {cut}");
    }
}

#[test]
fn a_key_of_many_lines_is_one() {
    let text = b"a\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7\n-----END PRIVATE KEY-----\nb\n";
    let out = run(Medium::Text, text.chunks(7));
    assert_eq!(
        String::from_utf8_lossy(&out),
        "a\n[masked:PRIVATE_KEY]\nb\n"
    );
}

#[test]
fn colours_hide_nothing_and_go_on() {
    let out = run(
        Medium::Terminal,
        [&b"\x1b[32m4242 42\x1b[31m42 4242\x1b[0m 4242 ok\x1b]0;maria@example.com\x07\n"[..]],
    );
    assert_eq!(
        String::from_utf8_lossy(&out),
        "\x1b[32m[masked:CARD]\x1b[31m\x1b[0m ok\x1b]0;[masked:EMAIL]\x07\n"
    );
}

#[test]
fn what_goes_on_behind_a_flush_is_masked_from_there() {
    let (mut stream, mut out, mut found) = (stream(Medium::Terminal), Vec::new(), Tally::new());
    stream.push(b"4242 4242 ", &mut out, &mut found);
    assert!(out.is_empty(), "a line that is not over may be more");
    stream.flush(&mut out, &mut found);
    assert_eq!(out, b"4242 4242 ");
    stream.push(b"4242 4242\n", &mut out, &mut found);
    assert_eq!(String::from_utf8_lossy(&out), "4242 4242 [masked:CARD]\n");
}

#[test]
fn a_line_without_end_is_bounded() {
    let (mut stream, mut out, mut found) = (stream(Medium::Text), Vec::new(), Tally::new());
    for _ in 0..64 {
        stream.push(&[b'x'; 16 * 1024], &mut out, &mut found);
        assert!(stream.held_bytes() < MOST_HELD_BYTES);
    }
    stream.finish(&mut out, &mut found);
    assert_eq!(out.len(), 1024 * 1024);
}
