//! What each strategy leaves of a labelled value.

use safelight_masking::{Applied, Engine, Strategy, Tally, CONSTANT};

fn apply(label: &str, strategy: Strategy, value: &str) -> String {
    let mut out = Vec::new();
    let applied = Engine::new([1; 32], [2; 32]).apply(label, strategy, value.as_bytes(), &mut out);
    assert_eq!(applied, Applied::Value);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn redact_says_what_was_there() {
    assert_eq!(
        apply("email", Strategy::Redact, "maria@example.com"),
        "[masked:email]"
    );
    assert_eq!(
        apply("odd \"name\"]", Strategy::Redact, "x"),
        "[masked:odd__name__]"
    );
    assert!(safelight_masking::carries_masked(CONSTANT.as_bytes()));
}

#[test]
fn null_appends_nothing() {
    let mut out = Vec::new();
    let applied = Engine::new([1; 32], [2; 32]).apply("email", Strategy::Null, b"x", &mut out);
    assert_eq!((applied, out.len()), (Applied::Null, 0));
}

#[test]
fn partial_keeps_a_little_of_what_is_long_enough() {
    for (label, value, left) in [
        ("email", "maria@example.com", "m•••@example.com"),
        ("email", "mia@example.com", "•••@example.com"),
        ("email", "maria@[192.0.2.1]", "m•••"),
        ("email", "not an address", "n•••"),
        ("card", "4242 4242 4242 4242", "•••4242"),
        ("card", "1234", "1•••"),
        ("phone", "+49 30 23125 106", "•••06"),
        ("phone", "555 01", "5•••"),
        ("name", "Öztürk", "Ö•••"),
        ("name", "Li", "•••"),
        ("name", "  Maria", "•••"),
        ("name", "", "•••"),
    ] {
        assert_eq!(
            apply(label, Strategy::Partial, value),
            left,
            "{label} {value}"
        );
    }
}

#[test]
fn detected_content_can_become_pseudonyms_under_a_key_of_its_own() {
    let engine = Engine::new([1; 32], [2; 32]);
    let mask = |engine: &Engine, text: &str| {
        let mut out = Vec::new();
        assert!(engine.mask_into(
            text.as_bytes(),
            &mut out,
            &mut Tally::new(),
            safelight_masking::Context::Text
        ));
        String::from_utf8(out).expect("UTF-8")
    };
    assert_eq!(mask(&engine, "to maria@example.com"), "to [masked:EMAIL]");
    let detected = engine.with_detected_pseudonyms();
    let one = mask(&detected, "to maria@example.com");
    assert_eq!(one, mask(&detected, "to MARIA@example.com"));
    assert!(one.ends_with("@masked.invalid"));
    assert_ne!(
        one[3..],
        apply("email", Strategy::Pseudonym, "maria@example.com"),
        "or text would yield labelled tokens"
    );
    assert_eq!(
        mask(&detected, "redis://:pw123456@cache"),
        "redis://[masked:SECRET]@cache"
    );
}

#[test]
fn strategies_have_the_names_that_policies_use() {
    for (name, strategy) in [
        ("redact", Strategy::Redact),
        ("partial", Strategy::Partial),
        ("null", Strategy::Null),
        ("pseudonym", Strategy::Pseudonym),
    ] {
        assert_eq!(Strategy::from_name(name), Some(strategy));
    }
    assert_eq!(Strategy::from_name("Redact"), None);
}

#[test]
fn tallies_add_up() {
    let (mut tally, mut other) = (Tally::new(), Tally::new());
    assert!(tally.is_empty());
    tally.add(safelight_masking::Detector::Email);
    tally.add_label("email");
    other.add(safelight_masking::Detector::Email);
    other.add_label("unmasked:name");
    other.add_label("email");
    tally.merge(&other);
    let counts: Vec<(&str, u64)> = tally.iter().collect();
    assert_eq!(counts, [("EMAIL", 2), ("email", 2), ("unmasked:name", 1)]);
    tally.clear();
    assert!(tally.is_empty());
}
