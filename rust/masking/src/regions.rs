//! Which countries' ways of writing numbers are to be expected: a hint that lets national telephone numbers be found
//! by their plan.

use crate::detect::phone_plans::{index_of, Plan, PLANS};

const WORDS: usize = 4;

/// A set of regions (ISO 3166-1 alpha-2). Empty: nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regions([u64; WORDS]);

impl Regions {
    /// The set of these regions, in either case; Err names the first that has no numbering plan.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Regions, &'a str> {
        let mut regions = Regions::default();
        for name in names {
            let index = index_of(name).ok_or(name)?;
            regions.0[index / 64] |= 1 << (index % 64);
        }
        Ok(regions)
    }

    pub(crate) fn plans(&self) -> impl Iterator<Item = &'static Plan> + '_ {
        let words = self.0.iter().enumerate();
        words.flat_map(|(word, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                PLANS.get(word * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plans_fit_into_the_set() {
        assert!(PLANS.len() <= WORDS * 64);
    }

    #[test]
    fn a_set_has_its_regions() {
        let regions = Regions::of(["DE", "us", "ZW"]).expect("they exist");
        let names: Vec<&[u8; 2]> = regions.plans().map(|plan| plan.region).collect();
        assert_eq!(names, [b"DE", b"US", b"ZW"]);
        assert_eq!(Regions::of(["DE", "XX"]), Err("XX"));
        assert_eq!(Regions::default().plans().count(), 0);
    }
}
