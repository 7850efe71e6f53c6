//! National identifiers, hardware and payment addresses: found with the right check digits and the word that names
//! them, left alone otherwise. The numbers are specimens that the issuers or the standards publish.

use safelight_masking::scan;

fn found(text: &str) -> Vec<&'static str> {
    scan(text.as_bytes())
        .iter()
        .map(|span| span.detector.name())
        .collect()
}

const NAMED: &[(&str, &str)] = &[
    ("ID:AU_ABN", "ABN 51 824 753 556"),
    ("ID:AU_ACN", "ACN: 005 499 981"),
    ("ID:AU_TFN", "TFN 876543210"),
    ("ID:AU_MEDICARE", "medicare 2123 45670 1"),
    ("ID:CA_SIN", "my SIN is 130-692-544"),
    ("ID:UK_NHS", "NHS number 401-023-2137"),
    ("ID:UK_NINO", "NINO: AA 12 34 56 B"),
    ("ID:DE_TAX_ID", "Steuer-ID: 12345678903"),
    ("ID:DE_HEALTH_INSURANCE", "KVNR A123456780"),
    ("ID:DE_SOCIAL_SECURITY", "SVNR 15070649C103"),
    ("ID:ES_NIF", "DNI 12345678Z"),
    ("ID:FR_NIR", "NIR 2 55 08 14 168 025 38"),
    ("ID:IT_VAT_CODE", "P. IVA 01333550323"),
    ("ID:NL_BSN", "BSN 111222333"),
    ("ID:BE_NRN", "NISS 85.07.30-033.28"),
    ("ID:SE_PERSONNUMMER", "personnummer 811228-9874"),
    ("ID:FI_HETU", "HETU 131052-308T"),
    ("ID:PL_PESEL", "PESEL 44051401458"),
    ("ID:RO_CNP", "CNP 1800101221144"),
    ("ID:HR_OIB", "OIB 69435151530"),
    ("ID:TR_TCKN", "TCKN 10000000146"),
    ("ID:IN_AADHAAR", "aadhaar 2345 6789 0124"),
    ("ID:CN_RESIDENT", "resident 11010519491231002X"),
    ("ID:SG_NRIC", "NRIC S1234567D"),
    ("ID:BR_CPF", "CPF 11144477735"),
    ("ID:CL_RUT", "RUT 12.345.678-5"),
    ("ID:AR_CUIT", "CUIT 20-12345678-6"),
    ("ID:ZA_ID_NUMBER", "RSA ID 8001015009087"),
    ("ID:RU_SNILS", "SNILS 112-233-445 95"),
    ("ID:US_NPI", "NPI 1234567893"),
    ("ID:ABA_ROUTING_NUMBER", "routing 3222-7162-7"),
    ("ID:KR_BRN", "BRN is 1048656659"),
];

#[test]
fn a_named_identifier_is_found() {
    for (name, text) in NAMED {
        assert_eq!(found(text), [*name], "{text}");
    }
}

#[test]
fn another_check_digit_is_none() {
    for text in [
        "PESEL 44051401459",
        "NHS number 401-023-2138",
        "TCKN 10000000147",
        "BSN 111222334",
        "CPF 11144477734",
    ] {
        assert!(
            !found(text).iter().any(|name| name.starts_with("ID:")),
            "{text}"
        );
    }
}

#[test]
fn bare_digits_without_a_word_are_left() {
    for text in [
        "44051401458",
        "111222333",
        "10000000146",
        "876543210",
        "8001015009087",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn some_forms_need_no_word() {
    for (name, text) in [
        ("ID:BR_CPF", "111.444.777-35"),
        ("ID:BR_CNPJ", "11.222.333/0001-81"),
        ("ID:CH_AHV", "756.9217.0769.85"),
        ("ID:KR_RRN", "960121-1021413"),
        ("ID:IT_FISCAL_CODE", "RSSMRA85T10A562S"),
        ("ID:IN_GSTIN", "27AAPFU0939F1ZV"),
        ("MAC", "00:1A:2b:3c:4d:5e"),
        ("MAC", "00-1A-2B-3C-4D-5E"),
        ("CRYPTO", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("CRYPTO", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
        ("CRYPTO", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    ] {
        assert_eq!(found(text), [name], "{text}");
    }
    for text in [
        "FF:FF:FF:FF:FF:FF",
        "00:1A:2B:3C:4D",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "111.444.777-36",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}
