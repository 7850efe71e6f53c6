//! Telephone numbers without a `+`: what speaks for them, and what is written alike and is none.

use safelight_masking::{redact, redact_in, Regions};

fn is_found(text: &str, regions: &[&str]) -> bool {
    let regions = Regions::of(regions.iter().copied()).expect("the regions exist");
    let redacted = redact_in(text, &regions);
    redacted.text.contains("[masked:PHONE]")
}

#[test]
fn a_region_tells_its_own_numbers() {
    for (region, number) in [
        ("FR", "01 42 68 53 00"),
        ("DE", "030 901820"),
        ("DK", "32 12 34 56"),
        ("US", "201-555-0123"),
        ("SG", "6123 4567"),
        ("ES", "810 12 34 56"),
    ] {
        assert!(is_found(number, &[region]), "{number} in {region}");
    }
    assert!(
        !is_found("32 12 34 56", &[]),
        "two digits each are anything"
    );
    assert!(
        !is_found("32 12 34 56", &["FR"]),
        "no number of that region"
    );
    assert!(is_found("32 12 34 56", &["FR", "DK"]));
}

#[test]
fn words_tell_even_bare_digits() {
    for text in [
        "phone: 4155550132",
        "{\"mobilePhone\": \"612345678\"}",
        "Tel. 90182012",
        "You can call 469 34 883",
        "50-98-28-96-Office",
        "61 51 81 22 (home)",
    ] {
        assert!(is_found(text, &[]), "{text}");
    }
}

#[test]
fn shapes_tell_without_a_word() {
    for text in [
        "(201) 555-0123",
        "201.555.0123",
        "1-201-555-0123 x42",
        "0131 496 0817",
        "06-24312407",
        "(07) 1234567",
        "0049 30 901820",
    ] {
        assert!(is_found(text, &[]), "{text}");
    }
}

#[test]
fn what_is_written_alike_is_left() {
    for text in [
        "2024-04-13 12:30:45.123456",
        "13.04.2024",
        "2019-2023",
        "1 234 567.50",
        "1.234.567",
        "4155550132",
        "order 4155550132",
        "phone_id: 4155550132",
        "phone_verified_at: 1720893896",
        "b7f1c1c8-6f64-4b5e-9a65-2d6c1f7a9e01",
        "ORD-73362970-0131-4960",
        "17.13.44",
        "401-023-2138",
    ] {
        assert_eq!(redact(text).text, text);
    }
}
