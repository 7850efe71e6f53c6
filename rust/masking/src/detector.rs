//! What the detectors look for. The names are part of the audit's vocabulary and never change.

/// One type of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Detector {
    Email,
    Card,
    Iban,
    Phone,
    UsSsn,
    Ip,
    Jwt,
    PrivateKey,
    Secret,
    AwsKey,
}

impl Detector {
    /// Every detector, in the order of their numbers.
    pub const ALL: [Detector; 10] = [
        Detector::Email,
        Detector::Card,
        Detector::Iban,
        Detector::Phone,
        Detector::UsSsn,
        Detector::Ip,
        Detector::Jwt,
        Detector::PrivateKey,
        Detector::Secret,
        Detector::AwsKey,
    ];

    /// The name in findings, tallies and audit records.
    pub const fn name(self) -> &'static str {
        match self {
            Detector::Email => "EMAIL",
            Detector::Card => "CARD",
            Detector::Iban => "IBAN",
            Detector::Phone => "PHONE",
            Detector::UsSsn => "US_SSN",
            Detector::Ip => "IP",
            Detector::Jwt => "JWT",
            Detector::PrivateKey => "PRIVATE_KEY",
            Detector::Secret => "SECRET",
            Detector::AwsKey => "AWS_KEY",
        }
    }

    /// The label whose pseudonyms a found value's look like.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Detector::Email => "email",
            Detector::Card => "card",
            Detector::Iban => "iban",
            Detector::Phone => "phone",
            Detector::UsSsn => "ssn",
            Detector::Ip => "ip",
            Detector::Jwt | Detector::PrivateKey | Detector::Secret | Detector::AwsKey => "secret",
        }
    }

    /// What a found value is replaced by. Has none of the characters that JSON, CSV, COPY or an array literal escape.
    pub const fn redaction(self) -> &'static str {
        match self {
            Detector::Email => "[masked:EMAIL]",
            Detector::Card => "[masked:CARD]",
            Detector::Iban => "[masked:IBAN]",
            Detector::Phone => "[masked:PHONE]",
            Detector::UsSsn => "[masked:US_SSN]",
            Detector::Ip => "[masked:IP]",
            Detector::Jwt => "[masked:JWT]",
            Detector::PrivateKey => "[masked:PRIVATE_KEY]",
            Detector::Secret => "[masked:SECRET]",
            Detector::AwsKey => "[masked:AWS_KEY]",
        }
    }
}
