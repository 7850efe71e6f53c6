//! Check digits and forms of national identifiers, as their issuers publish them. An identifier is given without its
//! separators, letters as capitals.

use crate::forms;

/// The digits of an all-digit identifier of this length.
fn digits<const N: usize>(id: &[u8]) -> Option<[u32; N]> {
    let id: &[u8; N] = id.try_into().ok()?;
    id.iter()
        .all(u8::is_ascii_digit)
        .then(|| id.map(|byte| u32::from(byte - b'0')))
}

fn weigh(digits: &[u32], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum()
}

fn is_varied(id: &[u8]) -> bool {
    id.iter().any(|byte| *byte != id[0])
}

fn luhn(id: &[u8]) -> bool {
    id.iter().all(u8::is_ascii_digit) && forms::luhn(id.iter().copied()) == 0 && is_varied(id)
}

/// Day and month at these places, as two digits each.
fn is_date(id: &[u8], day: usize, month: usize) -> bool {
    let pair = |at: usize| {
        id.get(at..at + 2)
            .filter(|pair| pair.iter().all(u8::is_ascii_digit))
            .map(crate::bytes::number)
    };
    pair(day).is_some_and(|day| (1..=31).contains(&day))
        && pair(month).is_some_and(|month| (1..=12).contains(&month))
}

/// ISO 7064, mod 11,10.
fn mod_11_10(id: &[u8]) -> bool {
    let Some(digits) = digits::<11>(id) else {
        return false;
    };
    let rest = digits[..10].iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - rest) % 10 == digits[10]
}

pub(crate) fn au_abn(id: &[u8]) -> bool {
    digits::<11>(id).is_some_and(|d| {
        d[0] > 0 && (weigh(&d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10).is_multiple_of(89)
    })
}

pub(crate) fn au_acn(id: &[u8]) -> bool {
    digits::<9>(id).is_some_and(|d| (10 - weigh(&d, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == d[8])
}

pub(crate) fn au_tfn(id: &[u8]) -> bool {
    digits::<9>(id).is_some_and(|d| weigh(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11))
}

pub(crate) fn au_medicare(id: &[u8]) -> bool {
    id.get(..10).and_then(digits::<10>).is_some_and(|d| {
        id.len() <= 11
            && (2..=6).contains(&d[0])
            && weigh(&d, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == d[8]
    })
}

pub(crate) fn ca_sin(id: &[u8]) -> bool {
    id.len() == 9 && !matches!(id[0], b'0' | b'8') && luhn(id)
}

pub(crate) fn uk_nhs(id: &[u8]) -> bool {
    digits::<10>(id)
        .is_some_and(|d| (11 - weigh(&d, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 == d[9])
}

/// Two letters (some are never given), six digits, a letter from A to D.
pub(crate) fn uk_nino(id: &[u8]) -> bool {
    let [first, second, number @ .., last] = id else {
        return false;
    };
    let given = |byte: &u8, never: &[u8]| byte.is_ascii_uppercase() && !never.contains(byte);
    let never = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&[*first, *second]);
    given(first, b"DFIQUV")
        && given(second, b"DFIQUVO")
        && !never
        && number.len() == 6
        && number.iter().all(u8::is_ascii_digit)
        && (b'A'..=b'D').contains(last)
}

pub(crate) fn de_tax_id(id: &[u8]) -> bool {
    id.first().is_some_and(|first| *first != b'0') && mod_11_10(id) && is_varied(id)
}

/// Health insurance: a letter counts as two digits, every second digit double, their cross sums.
pub(crate) fn de_health_insurance(id: &[u8]) -> bool {
    let [letter, number @ ..] = id else {
        return false;
    };
    let Some(d) = digits::<9>(number).filter(|_| letter.is_ascii_uppercase()) else {
        return false;
    };
    let place = u32::from(letter - b'A') + 1;
    let all = [place / 10, place % 10]
        .into_iter()
        .chain(d[..8].iter().copied());
    let sum: u32 = all
        .enumerate()
        .map(|(index, digit)| {
            if index % 2 == 1 {
                digit * 2 / 10 + digit * 2 % 10
            } else {
                digit
            }
        })
        .sum();
    sum % 10 == d[8]
}

/// Pension insurance: area, birthday, letter, serial.
pub(crate) fn de_social_security(id: &[u8]) -> bool {
    if id.len() != 12 || !id[8].is_ascii_uppercase() || !is_date(id, 2, 4) {
        return false;
    }
    let place = u32::from(id[8] - b'A') + 1;
    let digit = |byte: &u8| byte.wrapping_sub(b'0');
    let all = id[..8]
        .iter()
        .map(digit)
        .map(u32::from)
        .chain([place / 10, place % 10])
        .chain(id[9..11].iter().map(digit).map(u32::from));
    let sum: u32 = all
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(digit, weight)| digit * weight / 10 + digit * weight % 10)
        .sum();
    id[9..].iter().all(u8::is_ascii_digit) && sum % 10 == u32::from(id[11] - b'0')
}

/// DNI and NIE: the remainder of 23 chooses the letter.
pub(crate) fn es_nif(id: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let [number @ .., letter] = id else {
        return false;
    };
    let Ok(mut number) = <[u8; 8]>::try_from(number) else {
        return false;
    };
    if let Some(place) = b"XYZ".iter().position(|known| *known == number[0]) {
        number[0] = b'0' + place as u8;
    }
    number.iter().all(u8::is_ascii_digit)
        && LETTERS[crate::bytes::number(&number) as usize % 23] == *letter
}

pub(crate) fn fr_nir(id: &[u8]) -> bool {
    digits::<15>(id).is_some_and(|d| {
        let number = d[..13]
            .iter()
            .fold(0u64, |number, digit| number * 10 + u64::from(*digit));
        (1..=2).contains(&d[0]) && 97 - number % 97 == u64::from(d[13] * 10 + d[14])
    })
}

pub(crate) fn it_vat_code(id: &[u8]) -> bool {
    id.len() == 11 && luhn(id)
}

pub(crate) fn pt_nif(id: &[u8]) -> bool {
    digits::<9>(id).is_some_and(|d| {
        d[0] > 0 && (11 - weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == d[8]
    })
}

pub(crate) fn nl_bsn(id: &[u8]) -> bool {
    digits::<9>(id)
        .is_some_and(|d| is_varied(id) && weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8])
}

pub(crate) fn be_nrn(id: &[u8]) -> bool {
    digits::<11>(id).is_some_and(|d| {
        let number = d[..9]
            .iter()
            .fold(0u64, |number, digit| number * 10 + u64::from(*digit));
        let check = u64::from(d[9] * 10 + d[10]);
        is_varied(id)
            && [number, number + 2_000_000_000]
                .iter()
                .any(|number| 97 - number % 97 == check)
    })
}

pub(crate) fn ch_ahv(id: &[u8]) -> bool {
    id.starts_with(b"756")
        && digits::<13>(id).is_some_and(|d| {
            (10 - weigh(&d[..12], &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10 == d[12]
        })
}

pub(crate) fn at_svnr(id: &[u8]) -> bool {
    is_date(id, 4, 6)
        && digits::<10>(id).is_some_and(|d| weigh(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == d[3])
}

pub(crate) fn se_personnummer(id: &[u8]) -> bool {
    let id = if id.len() == 12 { &id[2..] } else { id };
    id.len() == 10 && is_date(id, 4, 2) && luhn(id)
}

pub(crate) fn no_fnr(id: &[u8]) -> bool {
    is_date(id, 0, 2)
        && digits::<11>(id).is_some_and(|d| {
            weigh(&d, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
                && weigh(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
        })
}

/// No check digit since 2007: the birthday must do.
pub(crate) fn dk_cpr(id: &[u8]) -> bool {
    digits::<10>(id).is_some() && is_date(id, 0, 2)
}

/// The sign between birthday and serial, the century, is left out with the separators, but a letter is not.
pub(crate) fn fi_hetu(id: &[u8]) -> bool {
    const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let mut id = id.to_vec();
    if id.len() == 11 && b"ABCDEFYXWVU".contains(&id[6]) {
        id.remove(6);
    }
    id.len() == 10
        && is_date(&id, 0, 2)
        && id[..9].iter().all(u8::is_ascii_digit)
        && CHECKS[crate::bytes::number(&id[..9]) as usize % 31] == id[9]
}

pub(crate) fn pl_pesel(id: &[u8]) -> bool {
    digits::<11>(id).is_some_and(|d| {
        is_varied(id) && weigh(&d, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
    })
}

pub(crate) fn pl_nip(id: &[u8]) -> bool {
    digits::<10>(id)
        .is_some_and(|d| is_varied(id) && weigh(&d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == d[9])
}

pub(crate) fn cz_birth_number(id: &[u8]) -> bool {
    digits::<10>(id).is_some_and(|d| {
        is_varied(id)
            && d.iter()
                .fold(0u64, |number, digit| number * 10 + u64::from(*digit))
                % 11
                == 0
    })
}

pub(crate) fn ro_cnp(id: &[u8]) -> bool {
    is_date(id, 5, 3)
        && digits::<13>(id).is_some_and(|d| {
            let rest = weigh(&d, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
            (if rest == 10 { 1 } else { rest }) == d[12]
        })
}

pub(crate) fn bg_egn(id: &[u8]) -> bool {
    digits::<10>(id).is_some_and(|d| {
        is_varied(id) && weigh(&d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == d[9]
    })
}

pub(crate) fn hr_oib(id: &[u8]) -> bool {
    mod_11_10(id)
}

pub(crate) fn gr_amka(id: &[u8]) -> bool {
    id.len() == 11 && is_date(id, 0, 2) && luhn(id)
}

pub(crate) fn tr_tckn(id: &[u8]) -> bool {
    digits::<11>(id).is_some_and(|d| {
        let odd = d[0] + d[2] + d[4] + d[6] + d[8];
        let even = d[1] + d[3] + d[5] + d[7];
        d[0] > 0 && (odd * 7 + 10 * even - even) % 10 == d[9] && (odd + even + d[9]) % 10 == d[10]
    })
}

pub(crate) fn il_tz(id: &[u8]) -> bool {
    id.len() == 9 && luhn(id)
}

/// Verhoeff's check over the dihedral group of ten.
pub(crate) fn in_aadhaar(id: &[u8]) -> bool {
    const NEXT: [usize; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let product = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    digits::<12>(id).is_some_and(|d| {
        let check = d.iter().rev().enumerate().fold(0, |check, (place, digit)| {
            let permuted = (0..place % 8).fold(*digit as usize, |digit, _| NEXT[digit]);
            product(check, permuted)
        });
        d[0] > 1 && check == 0 && is_varied(id)
    })
}

pub(crate) fn cn_resident(id: &[u8]) -> bool {
    let [number @ .., check] = id else {
        return false;
    };
    is_date(id, 12, 10)
        && digits::<17>(number).is_some_and(|d| {
            let rest = weigh(&d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
            b"10X98765432"[rest as usize] == *check
        })
}

/// Birthday, then the century and sex. Since 2020 there is no check digit.
pub(crate) fn kr_rrn(id: &[u8]) -> bool {
    digits::<13>(id).is_some_and(|d| is_date(id, 4, 2) && (1..=4).contains(&d[6]))
}

/// The same with the check digit that it had until then.
pub(crate) fn kr_rrn_checked(id: &[u8]) -> bool {
    kr_rrn(id)
        && digits::<13>(id).is_some_and(|d| {
            (11 - weigh(&d, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10 == d[12]
        })
}

pub(crate) fn kr_brn(id: &[u8]) -> bool {
    digits::<10>(id).is_some_and(|d| {
        (10 - (weigh(&d, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + d[8] * 5 / 10) % 10) % 10 == d[9]
    })
}

pub(crate) fn sg_nric(id: &[u8]) -> bool {
    let [series, number @ .., check] = id else {
        return false;
    };
    let letters: &[u8; 11] = match series {
        b'S' | b'T' => b"JZIHGFEDCBA",
        b'F' | b'G' => b"XWUTRQPNMLK",
        _ => return false,
    };
    let extra = if matches!(series, b'T' | b'G') { 4 } else { 0 };
    digits::<7>(number).is_some_and(|d| {
        letters[(weigh(&d, &[2, 7, 6, 5, 4, 3, 2]) + extra) as usize % 11] == *check
    })
}

pub(crate) fn th_id(id: &[u8]) -> bool {
    digits::<13>(id).is_some_and(|d| {
        (11 - weigh(&d, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == d[12]
    })
}

pub(crate) fn jp_my_number(id: &[u8]) -> bool {
    digits::<12>(id).is_some_and(|d| {
        let rest = weigh(&d, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        (if rest <= 1 { 0 } else { 11 - rest }) == d[11] && is_varied(id)
    })
}

/// Two check digits, mod 11 each.
fn brazilian<const N: usize>(id: &[u8], first: &[u32], second: &[u32]) -> bool {
    let check = |sum: u32| if sum % 11 < 2 { 0 } else { 11 - sum % 11 };
    is_varied(id)
        && digits::<N>(id).is_some_and(|d| {
            check(weigh(&d, first)) == d[N - 2] && check(weigh(&d, second)) == d[N - 1]
        })
}

pub(crate) fn br_cpf(id: &[u8]) -> bool {
    !id.is_empty()
        && brazilian::<11>(
            id,
            &[10, 9, 8, 7, 6, 5, 4, 3, 2],
            &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2],
        )
}

pub(crate) fn br_cnpj(id: &[u8]) -> bool {
    !id.is_empty()
        && brazilian::<14>(
            id,
            &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2],
            &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2],
        )
}

pub(crate) fn cl_rut(id: &[u8]) -> bool {
    let [number @ .., check] = id else {
        return false;
    };
    let sum: u32 = number
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7, 2, 3])
        .map(|(byte, weight)| u32::from(byte.wrapping_sub(b'0')) * weight)
        .sum();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + digit as u8,
    };
    matches!(number.len(), 7 | 8) && number.iter().all(u8::is_ascii_digit) && expected == *check
}

pub(crate) fn ar_cuit(id: &[u8]) -> bool {
    digits::<11>(id)
        .is_some_and(|d| (11 - weigh(&d, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == d[10])
}

pub(crate) fn za_id_number(id: &[u8]) -> bool {
    id.len() == 13 && is_date(id, 4, 2) && matches!(id[10], b'0' | b'1' | b'2') && luhn(id)
}

pub(crate) fn ru_snils(id: &[u8]) -> bool {
    digits::<11>(id).is_some_and(|d| {
        is_varied(id) && weigh(&d, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == d[9] * 10 + d[10]
    })
}

pub(crate) fn us_npi(id: &[u8]) -> bool {
    let whole: Vec<u8> = b"80840".iter().chain(id).copied().collect();
    id.len() == 10 && matches!(id[0], b'1' | b'2') && luhn(&whole)
}

pub(crate) fn us_routing(id: &[u8]) -> bool {
    digits::<9>(id).is_some_and(|d| {
        is_varied(id) && weigh(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
    })
}

pub(crate) fn us_itin(id: &[u8]) -> bool {
    digits::<9>(id).is_some_and(|d| {
        d[0] == 9 && matches!(d[3] * 10 + d[4], 50..=65 | 70..=88 | 90..=92 | 94..=99)
    })
}

pub(crate) fn ee_isikukood(id: &[u8]) -> bool {
    is_date(id, 5, 3)
        && digits::<11>(id).is_some_and(|d| {
            let first = weigh(&d, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
            let second = weigh(&d, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
            (if first < 10 { first } else { second % 10 }) == d[10]
        })
}
