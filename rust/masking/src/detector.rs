//! What the detectors look for. The names are part of the audit's vocabulary and never change.

/// The type, with each variant's name and the label whose pseudonyms a found value's look like.
macro_rules! detectors {
    ($($variant:ident $name:literal $label:literal;)*) => {
        /// One type of content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Detector {
            $($variant,)*
        }

        impl Detector {
            /// Every detector, in the order of their numbers.
            pub const ALL: &'static [Detector] = &[$(Detector::$variant,)*];

            /// The name in findings, tallies and audit records.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Detector::$variant => $name,)*
                }
            }

            /// The label whose pseudonyms a found value's look like.
            pub(crate) const fn label(self) -> &'static str {
                match self {
                    $(Detector::$variant => $label,)*
                }
            }

            /// What a found value is replaced by. Has none of the characters that JSON, CSV, COPY or an array literal
            /// escape.
            pub const fn redaction(self) -> &'static str {
                match self {
                    $(Detector::$variant => concat!("[masked:", $name, "]"),)*
                }
            }
        }
    };
}

detectors! {
    Email "EMAIL" "email";
    Card "CARD" "card";
    Iban "IBAN" "iban";
    Phone "PHONE" "phone";
    UsSsn "US_SSN" "ssn";
    Ip "IP" "ip";
    Jwt "JWT" "secret";
    PrivateKey "PRIVATE_KEY" "secret";
    Secret "SECRET" "secret";
    AwsKey "AWS_KEY" "secret";
    Mac "MAC" "mac";
    Crypto "CRYPTO" "crypto";
    AuAbn "ID:AU_ABN" "id";
    AuAcn "ID:AU_ACN" "id";
    AuTfn "ID:AU_TFN" "id";
    AuMedicare "ID:AU_MEDICARE" "id";
    CaSin "ID:CA_SIN" "id";
    UkNhs "ID:UK_NHS" "id";
    UkNino "ID:UK_NINO" "id";
    DeTaxId "ID:DE_TAX_ID" "id";
    DeHealthInsurance "ID:DE_HEALTH_INSURANCE" "id";
    DeSocialSecurity "ID:DE_SOCIAL_SECURITY" "id";
    EsNif "ID:ES_NIF" "id";
    FrNir "ID:FR_NIR" "id";
    ItFiscalCode "ID:IT_FISCAL_CODE" "id";
    ItVatCode "ID:IT_VAT_CODE" "id";
    PtNif "ID:PT_NIF" "id";
    NlBsn "ID:NL_BSN" "id";
    BeNrn "ID:BE_NRN" "id";
    ChAhv "ID:CH_AHV" "id";
    AtSvnr "ID:AT_SVNR" "id";
    SePersonnummer "ID:SE_PERSONNUMMER" "id";
    NoFnr "ID:NO_FNR" "id";
    DkCpr "ID:DK_CPR" "id";
    FiHetu "ID:FI_HETU" "id";
    PlPesel "ID:PL_PESEL" "id";
    PlNip "ID:PL_NIP" "id";
    CzBirthNumber "ID:CZ_BIRTH_NUMBER" "id";
    RoCnp "ID:RO_CNP" "id";
    BgEgn "ID:BG_EGN" "id";
    HrOib "ID:HR_OIB" "id";
    GrAmka "ID:GR_AMKA" "id";
    TrTckn "ID:TR_TCKN" "id";
    IlTz "ID:IL_TZ" "id";
    InAadhaar "ID:IN_AADHAAR" "id";
    InGstin "ID:IN_GSTIN" "id";
    CnResident "ID:CN_RESIDENT" "id";
    KrRrn "ID:KR_RRN" "id";
    KrBrn "ID:KR_BRN" "id";
    SgNric "ID:SG_NRIC" "id";
    ThId "ID:TH_ID" "id";
    JpMyNumber "ID:JP_MY_NUMBER" "id";
    BrCpf "ID:BR_CPF" "id";
    BrCnpj "ID:BR_CNPJ" "id";
    ClRut "ID:CL_RUT" "id";
    ArCuit "ID:AR_CUIT" "id";
    MxCurp "ID:MX_CURP" "id";
    ZaIdNumber "ID:ZA_ID_NUMBER" "id";
    RuSnils "ID:RU_SNILS" "id";
    UsNpi "ID:US_NPI" "id";
    UsRouting "ID:ABA_ROUTING_NUMBER" "id";
    UsItin "ID:US_ITIN" "id";
    EeIsikukood "ID:EE_ISIKUKOOD" "id";
}
