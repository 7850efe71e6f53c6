//! JSON documents stay JSON documents: strings stay strings, numbers stay numbers, and escapes hide nothing.

use proptest::prelude::*;
use safelight_masking::{carries_masked, Context, Engine, Tally};

fn mask(document: &str) -> Option<(String, Vec<(String, u64)>)> {
    let (mut out, mut found) = (Vec::new(), Tally::new());
    let changed = Engine::new([1; 32], [2; 32]).mask_into(
        document.as_bytes(),
        &mut out,
        &mut found,
        Context::Json,
    );
    let counts = found
        .iter()
        .map(|(name, count)| (name.to_owned(), count))
        .collect();
    changed.then(|| (String::from_utf8(out).expect("UTF-8"), counts))
}

fn masked(document: &str) -> String {
    mask(document).expect("something is found").0
}

#[test]
fn strings_are_masked_in_place() {
    let document =
        r#"{"mail": "maria@example.com", "tags": ["a", "203.0.113.9"], "n": 12.5, "ok": true}"#;
    let (masked, counts) = mask(document).expect("something is found");
    assert_eq!(
        masked,
        r#"{"mail": "[masked:EMAIL]", "tags": ["a", "[masked:IP]"], "n": 12.5, "ok": true}"#
    );
    assert_eq!(counts, [("EMAIL".to_owned(), 1), ("IP".to_owned(), 1)]);
}

#[test]
fn keys_are_masked_too() {
    assert_eq!(
        masked(r#"{"maria@example.com": 1}"#),
        r#"{"[masked:EMAIL]": 1}"#
    );
}

#[test]
fn a_number_stays_a_number() {
    let masked = masked(r#"{"pan": 4242424242424242}"#);
    let number = masked
        .strip_prefix(r#"{"pan": "#)
        .and_then(|rest| rest.strip_suffix('}'))
        .expect("the same shape");
    assert_eq!(number.len(), 16);
    assert!(number.parse::<u64>().is_ok() && carries_masked(number.as_bytes()));
}

#[test]
fn escapes_hide_nothing() {
    assert_eq!(masked(r#""maria\u0040example.com""#), r#""[masked:EMAIL]""#);
    assert_eq!(
        masked(r#""\u006daria@example.com\n""#),
        r#""[masked:EMAIL]\n""#
    );
    assert_eq!(
        masked(r#""postgres:\/\/app:pw12345@db""#),
        r#""postgres://[masked:SECRET]@db""#
    );
    assert_eq!(
        masked(r#""a \"quoted\" maria@example.com \ud83d\ude00""#),
        "\"a \\\"quoted\\\" [masked:EMAIL] \u{1f600}\""
    );
}

#[test]
fn a_letter_of_an_escape_is_no_part_of_a_value() {
    assert_eq!(
        masked(r#""card:\n4242424242424242""#),
        r#""card:\n[masked:CARD]""#
    );
}

#[test]
fn control_characters_and_lone_surrogates_come_back_escaped() {
    assert_eq!(
        masked(r#""\u0001 \b maria@example.com""#),
        r#""\u0001 \u0008 [masked:EMAIL]""#
    );
    assert_eq!(
        masked(r#""\ud800 maria@example.com""#),
        r#""\\ud800 [masked:EMAIL]""#
    );
}

#[test]
fn what_is_not_json_is_masked_as_text() {
    assert_eq!(masked("maria@example.com"), "[masked:EMAIL]");
    assert_eq!(
        masked(r#"{"a": maria@example.com, "b": "203.0.113.9"}"#),
        r#"{"a": [masked:EMAIL], "b": "[masked:IP]"}"#
    );
}

#[test]
fn clean_documents_are_not_touched() {
    for document in [
        r#"{"a": [1, -2.5e3, null, "x\ty"]}"#,
        "null",
        "\"\"",
        "",
        "[]",
    ] {
        assert_eq!(mask(document), None, "{document}");
    }
}

/// Any JSON document, with personal values in some of its strings.
fn document() -> impl Strategy<Value = String> {
    let string = prop_oneof![
        "[a-z ]{0,12}",
        "[a-z]{1,8}@example\\.com",
        Just("203.0.113.9".to_owned()),
        "\\\\[nt\"/] ?[a-z]{0,4}",
        "\\\\u00[46][0-9a-f]",
    ];
    let leaf = prop_oneof![
        string.prop_map(|inner| format!("\"{inner}\"")),
        "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,3})?",
        Just("4242424242424242".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(inner, 0..4).prop_map(|items| format!(
                "{{{}}}",
                items
                    .iter()
                    .map(|item| format!("\"k\":{item}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        ]
    })
}

/// The document's structure: what is left without the insides of strings and the digits of numbers.
fn structure(document: &str) -> String {
    let (mut out, mut in_string, mut escaped) = (String::new(), false, false);
    for character in document.chars() {
        match (in_string, escaped, character) {
            (true, true, _) => escaped = false,
            (true, false, '\\') => escaped = true,
            (_, _, '"') => {
                in_string = !in_string;
                out.push('"');
            }
            (true, ..) => {}
            (false, _, '0'..='9' | '-' | '.') => out.push('0'),
            _ => out.push(character),
        }
    }
    while out.contains("00") {
        out = out.replace("00", "0");
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_structure_stays(document in document()) {
        if let Some((masked, _)) = mask(&document) {
            prop_assert_eq!(structure(&masked), structure(&document));
            prop_assert!(!masked.contains("@example.com") && !masked.contains("203.0.113.9"));
            prop_assert_eq!(mask(&masked), None);
        } else {
            prop_assert!(!document.contains("@example.com") && !document.contains("203.0.113.9"));
        }
    }
}
