//! Values kept by the shape of a text: its skeleton and those of its literals that matter.
//!
//! Texts outside of the plain subset that has shapes are kept by their exact bytes. Bounded in number, where the oldest
//! entries go first, and in all by weight, where everything goes: whoever fills it can only make itself slow.
use std::sync::Arc;

use safelight_wire::{shape, ResultPlan, Shape};

use crate::bounded::Bounded;

const MAX_SHAPES: usize = 4096;
const MAX_VALUES_PER_SHAPE: usize = 512;
const MAX_EXACT: usize = 1024;
/// A longer text is not kept: it is read again each time.
const MAX_TEXT_BYTES: usize = 16 * 1024;
const MAX_WEIGHT: u64 = 16_384;

/// What the fast path needs of a statement that is an allowed, harmless read.
pub struct KnownRead {
    pub result: Arc<ResultPlan>,
    /// The part of its audit records that all statements of the shape share.
    pub record: Vec<u8>,
    /// It reads labelled columns: what the server says later in the same transaction may tell of them.
    pub reads_labels: bool,
}

pub struct Entry<V> {
    pub value: V,
    pub read: Option<KnownRead>,
}

struct Variants<V> {
    significant: Vec<usize>,
    by_values: Bounded<Vec<u8>, Arc<Entry<V>>>,
}

/// Simple and extended protocol are kept apart: a message of several statements has a meaning only in one.
pub struct ShapeCache<V> {
    epoch: i64,
    shapes: [Bounded<Vec<u8>, Variants<V>>; 2],
    exact: [Bounded<Vec<u8>, Arc<Entry<V>>>; 2],
    weight: u64,
}

impl<V> Default for ShapeCache<V> {
    fn default() -> Self {
        Self {
            epoch: 0,
            shapes: [Bounded::new(MAX_SHAPES), Bounded::new(MAX_SHAPES)],
            exact: [Bounded::new(MAX_EXACT), Bounded::new(MAX_EXACT)],
            weight: 0,
        }
    }
}

impl<V> ShapeCache<V> {
    /// What the values rest on.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The values rest on something else from now on: there are none yet.
    pub fn renew(&mut self, epoch: i64) {
        *self = Self {
            epoch,
            ..Self::default()
        };
    }

    pub fn get(&self, text: &[u8], extended: bool) -> Option<&Arc<Entry<V>>> {
        let kind = usize::from(extended);
        if let Some(found) = shape(text) {
            if let Some(kept) = self.shapes[kind].get(&found.skeleton) {
                return kept
                    .by_values
                    .get(&values(text, &found, &kept.significant)?);
            }
        }
        self.exact[kind].get(text)
    }

    /// `significant` are the ordinals of the shape's literals that the value depends on; `None`: it is kept by the
    /// exact text. `weight` is how much the value holds, 1 for a usual one.
    pub fn put(
        &mut self,
        text: &[u8],
        extended: bool,
        significant: Option<Vec<usize>>,
        entry: Entry<V>,
        weight: u64,
    ) {
        if text.len() > MAX_TEXT_BYTES {
            return;
        }
        self.weight += weight;
        if self.weight > MAX_WEIGHT {
            self.renew(self.epoch);
            self.weight = weight;
        }
        let kind = usize::from(extended);
        let entry = Arc::new(entry);
        let shaped = significant.and_then(|ordinals| {
            let found = shape(text)?;
            let key = values(text, &found, &ordinals)?;
            Some((found.skeleton, ordinals, key))
        });
        let Some((skeleton, significant, key)) = shaped else {
            self.exact[kind].put(text.to_vec(), entry);
            return;
        };
        if let Some(kept) = self.shapes[kind].get_mut(&skeleton) {
            if kept.significant == significant {
                kept.by_values.put(key, entry);
                return;
            }
        }
        // Which literals matter follows from the skeleton alone, but for the catalog: the newer answer counts.
        let mut by_values = Bounded::new(MAX_VALUES_PER_SHAPE);
        by_values.put(key, entry);
        let variants = Variants {
            significant,
            by_values,
        };
        self.shapes[kind].put(skeleton, variants);
    }
}

/// The literals at these ordinals, each behind its length; `None` when there is no such literal.
fn values(text: &[u8], found: &Shape, ordinals: &[usize]) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    for ordinal in ordinals {
        let (start, end) = *found.literals.get(*ordinal)?;
        key.extend_from_slice(&(end - start).to_be_bytes());
        key.extend_from_slice(&text[start..end]);
    }
    Some(key)
}
