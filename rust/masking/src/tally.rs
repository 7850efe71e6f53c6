//! How much was masked, by type. Counts only, never values.

use crate::detector::Detector;

/// Counts per detector and per label. Cheap to make, to clear and to ask whether it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    detectors: [u64; Detector::ALL.len()],
    labels: Vec<(String, u64)>,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            detectors: [0; Detector::ALL.len()],
            labels: Vec::new(),
        }
    }
}

impl Tally {
    pub fn new() -> Tally {
        Tally::default()
    }

    /// Count one finding of a detector.
    pub fn add(&mut self, detector: Detector) {
        self.detectors[detector as usize] += 1;
    }

    /// Count one cell under a label (or any other name, such as `unmasked:email`).
    pub fn add_label(&mut self, label: &str) {
        self.add_label_times(label, 1);
    }

    fn add_label_times(&mut self, label: &str, times: u64) {
        // A result has a handful of labels: a short list beats a map.
        match self.labels.iter_mut().find(|(name, _)| name == label) {
            Some((_, count)) => *count += times,
            None => self.labels.push((label.to_owned(), times)),
        }
    }

    /// Add another tally's counts.
    pub fn merge(&mut self, other: &Tally) {
        for (count, more) in self.detectors.iter_mut().zip(other.detectors) {
            *count += more;
        }
        for (label, times) in &other.labels {
            self.add_label_times(label, *times);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.detectors.iter().all(|count| *count == 0)
    }

    pub fn clear(&mut self) {
        *self = Tally::default();
    }

    /// The counts that are not zero: detectors by name first, then labels in the order of their first use.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let detectors = Detector::ALL
            .iter()
            .map(|detector| (detector.name(), self.detectors[*detector as usize]))
            .filter(|(_, count)| *count > 0);
        detectors.chain(
            self.labels
                .iter()
                .map(|(label, count)| (label.as_str(), *count)),
        )
    }
}
