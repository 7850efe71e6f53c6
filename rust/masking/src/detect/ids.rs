//! National identifiers: a word that names one (`PESEL`, `NHS`, `cpf`), and then digits whose check digits are right. A
//! few are told by the way they are written, with their check digits: `123.456.789-09`.

use std::sync::LazyLock;

use super::id_checks as checks;
use super::Span;
use crate::bytes::{before, is_alphanumeric_at};
use crate::detector::Detector;

struct Rule {
    detector: Detector,
    /// Words that name it, in small letters.
    words: &'static [&'static str],
    check: fn(&[u8]) -> bool,
}

const fn rule(
    detector: Detector,
    words: &'static [&'static str],
    check: fn(&[u8]) -> bool,
) -> Rule {
    Rule {
        detector,
        words,
        check,
    }
}

/// Where a word names two, both are tried.
#[rustfmt::skip]
const RULES: &[Rule] = &[
    rule(Detector::AuAbn, &["abn"], checks::au_abn),
    rule(Detector::AuAcn, &["acn"], checks::au_acn),
    rule(Detector::AuTfn, &["tfn"], checks::au_tfn),
    rule(Detector::AuMedicare, &["medicare"], checks::au_medicare),
    rule(Detector::CaSin, &["sin", "nas"], checks::ca_sin),
    rule(Detector::UkNhs, &["nhs"], checks::uk_nhs),
    rule(Detector::UkNino, &["nino", "insurance", "ni"], checks::uk_nino),
    rule(Detector::DeTaxId, &["idnr", "steuer", "steuerid", "steueridentifikationsnummer"], checks::de_tax_id),
    rule(Detector::DeHealthInsurance, &["kvnr", "egk", "krankenversicherung", "krankenversichertennummer", "versichertennummer"], checks::de_health_insurance),
    rule(Detector::DeSocialSecurity, &["rvnr", "svnr", "rentenversicherung", "rentenversicherungsnummer", "sozialversicherungsnummer"], checks::de_social_security),
    rule(Detector::EsNif, &["dni", "nif", "nie"], checks::es_nif),
    rule(Detector::FrNir, &["nir", "insee", "secu"], checks::fr_nir),
    rule(Detector::ItVatCode, &["partita", "piva", "iva"], checks::it_vat_code),
    rule(Detector::PtNif, &["nif", "contribuinte"], checks::pt_nif),
    rule(Detector::NlBsn, &["bsn", "burgerservicenummer", "sofinummer"], checks::nl_bsn),
    rule(Detector::BeNrn, &["nrn", "insz", "niss", "rijksregisternummer"], checks::be_nrn),
    rule(Detector::ChAhv, &["ahv", "avs", "ahvn"], checks::ch_ahv),
    rule(Detector::AtSvnr, &["svnr", "sozialversicherungsnummer"], checks::at_svnr),
    rule(Detector::SePersonnummer, &["personnummer", "pnr"], checks::se_personnummer),
    rule(Detector::NoFnr, &["fnr", "fodselsnummer", "personnummer"], checks::no_fnr),
    rule(Detector::DkCpr, &["cpr"], checks::dk_cpr),
    rule(Detector::FiHetu, &["hetu", "henkilotunnus"], checks::fi_hetu),
    rule(Detector::PlPesel, &["pesel"], checks::pl_pesel),
    rule(Detector::PlNip, &["nip"], checks::pl_nip),
    rule(Detector::CzBirthNumber, &["rodne", "rc"], checks::cz_birth_number),
    rule(Detector::RoCnp, &["cnp"], checks::ro_cnp),
    rule(Detector::BgEgn, &["egn"], checks::bg_egn),
    rule(Detector::HrOib, &["oib"], checks::hr_oib),
    rule(Detector::GrAmka, &["amka"], checks::gr_amka),
    rule(Detector::TrTckn, &["tckn", "tc", "kimlik"], checks::tr_tckn),
    rule(Detector::IlTz, &["teudat", "zehut", "tz"], checks::il_tz),
    rule(Detector::InAadhaar, &["aadhaar", "aadhar", "uidai"], checks::in_aadhaar),
    rule(Detector::CnResident, &["resident", "shenfenzheng", "sfz"], checks::cn_resident),
    rule(Detector::KrRrn, &["rrn", "jumin", "resident"], checks::kr_rrn),
    rule(Detector::KrBrn, &["brn"], checks::kr_brn),
    rule(Detector::SgNric, &["nric", "fin"], checks::sg_nric),
    rule(Detector::ThId, &["thai"], checks::th_id),
    rule(Detector::JpMyNumber, &["mynumber", "kojin"], checks::jp_my_number),
    rule(Detector::BrCpf, &["cpf"], checks::br_cpf),
    rule(Detector::BrCnpj, &["cnpj"], checks::br_cnpj),
    rule(Detector::ClRut, &["rut", "run"], checks::cl_rut),
    rule(Detector::ArCuit, &["cuit", "cuil"], checks::ar_cuit),
    rule(Detector::ZaIdNumber, &["african", "rsa", "said"], checks::za_id_number),
    rule(Detector::RuSnils, &["snils"], checks::ru_snils),
    rule(Detector::UsNpi, &["npi", "provider"], checks::us_npi),
    rule(Detector::UsRouting, &["aba", "routing"], checks::us_routing),
    rule(Detector::UsItin, &["itin"], checks::us_itin),
    rule(Detector::EeIsikukood, &["isikukood", "asmens"], checks::ee_isikukood),
];

/// How far back words are read, and how many.
const REACH: usize = 40;
const MOST_WORDS: usize = 5;
/// Longest identifier, separators left out.
const LONGEST: usize = 18;

/// The words by their first letter, with the rule each belongs to.
static WORDS: LazyLock<[Vec<(&'static str, usize)>; 26]> = LazyLock::new(|| {
    let mut words: [Vec<(&'static str, usize)>; 26] = Default::default();
    for (index, rule) in RULES.iter().enumerate() {
        for word in rule.words {
            words[usize::from(word.as_bytes()[0] - b'a')].push((word, index));
        }
    }
    words
});

/// Whether an identifier could be here, whatever stands directly before.
pub(crate) fn is_plausible(text: &[u8], groups: &[(usize, usize)]) -> bool {
    by_form(text, groups).is_some()
        || groups
            .first()
            .is_some_and(|first| is_named(text, first.0, true))
}

/// Whether any rule is named before `at`: quick, since hardly any is.
fn is_named(text: &[u8], at: usize, loose: bool) -> bool {
    let mut end = at;
    let least = at.saturating_sub(REACH);
    for _ in 0..MOST_WORDS {
        while end > least && !text[end - 1].is_ascii_alphabetic() {
            if matches!(text[end - 1], 0 | b']') {
                return false;
            }
            end -= 1;
        }
        let mut start = end;
        while start > least && text[start - 1].is_ascii_alphabetic() {
            start -= 1;
        }
        let word = &text[start..end];
        let skips = if loose {
            4.min(word.len())
        } else {
            1.min(word.len())
        };
        let named = |skip: usize| {
            let word = &word[skip..];
            let known = &WORDS[usize::from(word[0].to_ascii_lowercase() - b'a')];
            known
                .iter()
                .any(|(known, _)| word.eq_ignore_ascii_case(known.as_bytes()))
        };
        if (0..skips).any(named) {
            return true;
        }
        end = start;
    }
    false
}

/// The rules that the words before `at` name, the nearest first.
fn named(text: &[u8], at: usize) -> impl Iterator<Item = &'static Rule> + '_ {
    let around = &text[at.saturating_sub(REACH)..at];
    let words = around
        .rsplit(|byte| !byte.is_ascii_alphabetic())
        .filter(|word| !word.is_empty());
    words.take(MOST_WORDS).flat_map(|word| {
        let known = &WORDS[usize::from(word[0].to_ascii_lowercase() - b'a')];
        known
            .iter()
            .filter(move |(known, _)| word.eq_ignore_ascii_case(known.as_bytes()))
            .map(|(_, index)| &RULES[*index])
    })
}

/// The identifier that the groups of digits are, with a letter before or behind them.
pub(crate) fn confirm(text: &[u8], groups: &[(usize, usize)]) -> Option<Span> {
    let (first, last) = (groups.first()?, groups.last()?);
    by_form(text, groups).or_else(|| {
        if !is_named(text, first.0, false) {
            return None;
        }
        let rules = || named(text, first.0);
        groups.iter().rev().find_map(|(_, end)| {
            let whole = *end == last.1;
            let starts = [lead(text, first.0), first.0];
            let ends = [if whole { tail(text, *end) } else { *end }, *end];
            starts
                .iter()
                .flat_map(|start| ends.iter().map(move |end| (*start, *end)))
                .find_map(|(start, end)| {
                    let id = plain(&text[start..end])?;
                    let alone = !before(text, start)
                        .is_some_and(|byte| byte.is_ascii_alphanumeric())
                        && !is_alphanumeric_at(text, end);
                    let rule = rules().find(|rule| alone && (rule.check)(&id))?;
                    Some(Span::new(start, end, rule.detector))
                })
        })
    })
}

/// Ways of writing that nothing else has.
fn by_form(text: &[u8], groups: &[(usize, usize)]) -> Option<Span> {
    type Form = (&'static [usize], &'static [u8], Detector, fn(&[u8]) -> bool);
    const FORMS: &[Form] = &[
        (&[3, 3, 3, 2], b"..-", Detector::BrCpf, checks::br_cpf),
        (&[2, 3, 3, 4, 2], b"../-", Detector::BrCnpj, checks::br_cnpj),
        (&[3, 4, 4, 2], b"...", Detector::ChAhv, checks::ch_ahv),
        (&[6, 7], b"-", Detector::KrRrn, checks::kr_rrn_checked),
    ];
    let (start, end) = (groups.first()?.0, groups.last()?.1);
    let fits = |form: &&Form| {
        groups.len() == form.0.len()
            && groups
                .iter()
                .zip(form.0)
                .all(|((start, end), size)| end - start == *size)
            && groups
                .iter()
                .zip(form.1)
                .all(|((_, end), mark)| text[*end] == *mark && text[end + 1].is_ascii_digit())
    };
    let form = FORMS.iter().find(fits)?;
    let alone = !before(text, start)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && !is_alphanumeric_at(text, end);
    (alone && plain(&text[start..end]).is_some_and(|id| (form.3)(&id)))
        .then(|| Span::new(start, end, form.2))
}

/// Where letters directly before the digits begin: `S1234567`, `AA 12 34 56`.
fn lead(text: &[u8], at: usize) -> usize {
    let letters = |end: usize| {
        text[..end]
            .iter()
            .rev()
            .take(3)
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count()
    };
    match (letters(at), at.checked_sub(1)) {
        (0, Some(space))
            if text[space] == b' '
                && letters(space) == 2
                && (space == 2 || !text[space - 3].is_ascii_alphanumeric()) =>
        {
            space - 2
        }
        (count, _) => at - count,
    }
}

/// Where letters and digits directly behind end: `12345678Z`, `131052-308T`, `12345678-5`, `56 B`.
fn tail(text: &[u8], at: usize) -> usize {
    let count = |from: usize| {
        text[from.min(text.len())..]
            .iter()
            .take(5)
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count()
    };
    match (count(at), text.get(at)) {
        (0, Some(b' ' | b'-'))
            if count(at + 1) <= 4 && count(at + 1) > 0 && text[at + 1].is_ascii_uppercase() =>
        {
            at + 1 + count(at + 1)
        }
        (length, _) => at + length,
    }
}

/// Without separators, letters as capitals.
fn plain(text: &[u8]) -> Option<Vec<u8>> {
    let id: Vec<u8> = text
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_uppercase)
        .collect();
    (id.len() <= LONGEST && id.len() >= 7).then_some(id)
}
