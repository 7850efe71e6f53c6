//! What must hold for any bytes: no panic, idempotence, one pass over a chunk misses nothing, what was masked is
//! recognised, equal stays equal.

use proptest::prelude::*;
use safelight_masking::{
    carries_masked, redact, scan, Applied, Context, Detector, Engine, Strategy as Masking, Tally,
};

fn engine() -> Engine {
    Engine::new([7; 32], [9; 32])
}

/// Digits with the Luhn digit that completes them.
fn with_luhn(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// A German IBAN with the check digits of its account.
fn iban(account: &str) -> String {
    let remainder = format!("{account}131400")
        .bytes()
        .fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("DE{:02}{account}", 98 - remainder)
}

/// Something that a detector finds, with the detector.
fn personal() -> impl Strategy<Value = (String, Detector)> {
    let with = |detector: Detector| move |text: String| (text, detector);
    prop_oneof![
        "[a-z0-9][a-z0-9._+]{0,12}[a-z0-9]@[a-z0-9]{2,10}\\.(com|org|de|co\\.uk)"
            .prop_map(with(Detector::Email)),
        "4[0-9]{14}"
            .prop_map(|digits| with_luhn(&digits))
            .prop_map(with(Detector::Card)),
        "3[47][0-9]{12}"
            .prop_map(|digits| with_luhn(&digits))
            .prop_map(with(Detector::Card)),
        "[0-9]{18}"
            .prop_map(|account| iban(&account))
            .prop_map(with(Detector::Iban)),
        "\\+49 30 [1-9][0-9]{5,7}".prop_map(with(Detector::Phone)),
        "\\+1-[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}".prop_map(with(Detector::Phone)),
        "\\([2-9][0-9]{2}\\) [2-9][0-9]{2}-[0-9]{4}".prop_map(with(Detector::Phone)),
        "0[1-9]{3} [1-9]{3} [1-9]{4}".prop_map(with(Detector::Phone)),
        "[1-5][0-9]{2}-[1-9][0-9]-[1-9][0-9]{3}".prop_map(with(Detector::UsSsn)),
        "(1[0-9]{2}|[1-9][0-9])\\.[0-9]{1,2}\\.1?[0-9]{1,2}\\.[1-9]".prop_map(with(Detector::Ip)),
        "2001:db8:[1-9a-f][0-9a-f]{1,3}::[1-9a-f][0-9a-f]{0,3}".prop_map(with(Detector::Ip)),
        "eyJ[A-Za-z0-9_-]{20,40}\\.eyJ[A-Za-z0-9_-]{20,60}\\.[A-Za-z0-9_-]{43}"
            .prop_map(with(Detector::Jwt)),
        "[A-Z2-7]{16}"
            .prop_filter("random enough", |body| !body.ends_with("EXAMPLE")
                && varied(body))
            .prop_map(|body| ("AKIA".to_owned() + &body, Detector::AwsKey)),
        "[A-Za-z0-9]{36}"
            .prop_filter("random enough", |body| varied(body))
            .prop_map(|body| ("ghp_".to_owned() + &body, Detector::Secret)),
        ("[a-z]{0,4}", "[A-Za-z0-9]{32}")
            .prop_filter("random enough", |(_, body)| varied(body)
                && body.bytes().filter(u8::is_ascii_digit).count() > 3)
            .prop_map(|(lead, body)| (format!("{lead}_token = \"{body}\""), Detector::Secret)),
        "[a-z]{1,8}:[a-z0-9]{6,12}".prop_map(|login| (
            format!("postgres://{login}@db.internal:5432/app"),
            Detector::Secret
        )),
    ]
}

fn varied(text: &str) -> bool {
    text.bytes()
        .collect::<std::collections::BTreeSet<u8>>()
        .len()
        >= 8
}

/// Text that is full of beginnings: whatever a parser might stumble over.
fn tricky() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "@", "%40", ".", ":", "::", "-", "--", "-----", "-----BEGIN ", "PRIVATE KEY-----", "-----END ", "eyJ", ".ey", "ZXlK", "+", "+1 ", "+49", "(0)",
            "(", ")", "://", "a:b", "1", "12", "4242", "4242 ", "4242-", "DE89", "GB12 ", "fe80", "1.", "1.1.1.1", "999", "+999", "9999", "000-00-",
            "100::", "[masked", "]", "ghp_", "xoxb-", "sk-", "s.", ".atlasv1.", "-us1", "\\", "\\u0040", "\"", "'", "\u{2022}", "é", "\u{fffd}", " ", "\n",
            "tel ", "call ", "2024-04-13 ", "(02) ", "0131 ", "496 0817", "-office", "password=", "token: \"", "api_key => '", "PASSWORD '", "<secret>", "value=\"", "Bearer ", "x9", "AAAAAAAA", "x.com", "EXAMPLE", "=", "_", "/",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => personal().prop_map(|(text, _)| text.into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn mask(engine: &Engine, value: &[u8], context: Context) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    let changed = engine.mask_into(value, &mut out, &mut Tally::new(), context);
    assert_eq!(&out[..6], b"before");
    if !changed {
        assert_eq!(out.len(), 6, "nothing is appended when nothing was found");
    }
    changed.then(|| out[6..].to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spans_are_in_order_and_inside(text in tricky()) {
        let mut end = 0;
        for span in scan(&text) {
            prop_assert!(span.start >= end && span.start < span.end && span.end <= text.len());
            end = span.end;
        }
    }

    #[test]
    fn masking_masked_text_changes_nothing(text in tricky()) {
        let engine = engine();
        if let Some(masked) = mask(&engine, &text, Context::Text) {
            prop_assert_eq!(mask(&engine, &masked, Context::Text).map(|again| String::from_utf8_lossy(&again).into_owned()), None, "{:?} of {:?}", String::from_utf8_lossy(&masked), String::from_utf8_lossy(&text));
            prop_assert!(carries_masked(&masked));
        }
    }

    #[test]
    fn what_is_personal_is_found(before in "[a-z ]{0,70}", (text, detector) in personal(), after in "( [a-z ]{0,70})?") {
        let before = if before.is_empty() { before } else { before + " " };
        let whole = format!("{before}{text}{after}");
        let spans = scan(whole.as_bytes());
        prop_assert_eq!(spans.len(), 1, "{}", &whole);
        prop_assert_eq!(spans[0].detector, detector, "{}", &whole);
        let secret_is_inside = detector == Detector::Secret && (text.contains("://") || text.contains("_token"));
        prop_assert!(secret_is_inside || (spans[0].start, spans[0].end) == (before.len(), before.len() + text.len()), "{}", &whole);
    }

    #[test]
    fn one_pass_over_a_chunk_misses_nothing(cells in prop::collection::vec(tricky(), 1..6), from in 0usize..4) {
        let engine = engine();
        let mut chunk = vec![b'x'; from];
        let mut rows = Vec::new();
        for cell in &cells {
            // A row of one cell, as PostgreSQL frames it.
            let start = chunk.len();
            chunk.push(b'D');
            chunk.extend_from_slice(&(cell.len() as u32 + 10).to_be_bytes());
            chunk.extend_from_slice(&1u16.to_be_bytes());
            chunk.extend_from_slice(&(cell.len() as u32).to_be_bytes());
            chunk.extend_from_slice(cell);
            rows.push((start, chunk.len(), cell));
        }
        // Rows that end before the next candidate pass; the others are masked cell by cell.
        let mut next = engine.next_candidate(&chunk, from);
        for (start, end, cell) in rows {
            let passes = next.is_none_or(|next| next >= end);
            let changes = [Context::Text, Context::Json].iter().any(|context| mask(&engine, cell, *context).is_some());
            prop_assert!(!(passes && changes), "{:?} passes unseen", String::from_utf8_lossy(cell));
            if next.is_some_and(|next| next < end) {
                prop_assert!(next >= Some(start));
                next = engine.next_candidate(&chunk, end);
            }
        }
        prop_assert_eq!(engine.may_match(&chunk), engine.next_candidate(&chunk, 0).is_some());
    }

    #[test]
    fn what_is_masked_is_recognised_wherever_it_stands(
        before in tricky(), after in tricky(), value in prop_oneof![personal().prop_map(|(text, _)| text), "\\PC{1,20}"],
        label in prop::sample::select(vec!["email", "card", "phone", "ssn", "ip", "iban", "name", "weird name]"]),
        strategy in prop::sample::select(vec![Masking::Redact, Masking::Partial, Masking::Pseudonym]),
    ) {
        let mut text = before;
        prop_assert_eq!(engine().apply(label, strategy, value.as_bytes(), &mut text), Applied::Value);
        text.extend_from_slice(&after);
        prop_assert!(carries_masked(&text), "{:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn detectors_leave_masked_values_alone(
        value in prop_oneof![personal().prop_map(|(text, _)| text), "\\PC{1,20}"],
        label in prop::sample::select(vec!["email", "card", "phone", "ssn", "ip", "iban", "name"]),
        strategy in prop::sample::select(vec![Masking::Redact, Masking::Partial, Masking::Pseudonym]),
    ) {
        let (engine, mut text) = (engine(), Vec::new());
        engine.apply(label, strategy, value.as_bytes(), &mut text);
        prop_assert_eq!(mask(&engine, &text, Context::Text), None, "{:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn pseudonyms_of_what_is_found_are_recognised_too(text in tricky()) {
        let engine = engine().with_detected_pseudonyms();
        if let Some(masked) = mask(&engine, &text, Context::Text) {
            prop_assert!(carries_masked(&masked));
        }
    }

    #[test]
    fn code_points_agree_with_bytes(text in tricky()) {
        let text = String::from_utf8_lossy(&text).into_owned();
        let redacted = redact(&text);
        let characters: Vec<char> = text.chars().collect();
        let expected: Vec<String> = scan(text.as_bytes()).iter().map(|span| text[span.start..span.end].to_owned()).collect();
        let found: Vec<String> = redacted.findings.iter().map(|span| characters[span.start..span.end].iter().collect()).collect();
        prop_assert_eq!(found, expected);
    }
}
