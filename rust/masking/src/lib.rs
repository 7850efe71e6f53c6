//! Masking: finds sensitive content in bytes, and replaces it or a labelled value by something that cannot be taken
//! for real data. Pure computation: no IO, no clock, no randomness; never panics, whatever the bytes; linear time.
//!
//! - [`Engine`] is the entry: detectors on content ([`Engine::mask_into`]), strategies on labelled values
//!   ([`Engine::apply`]), under the keys of one masking scope.
//! - [`TextStream`] masks text that comes in pieces.
//! - [`scan`] lists what the detectors find; [`carries_masked`] recognises whatever this crate made.
//!
//! The shape of the scanner: [`classes`] turns 64 bytes at a time into bit masks, [`candidates`] combines them into
//! the few places where something could be, an anchored parser in [`detect`] confirms, [`scan`](mod@scan) settles
//! overlaps.
#![forbid(unsafe_code)]

mod base64;
mod bytes;
mod candidates;
mod carries;
mod chunk;
mod classes;
mod detect;
mod detector;
mod engine;
mod escapes;
mod forms;
mod json;
mod keccak;
mod partial;
mod pseudonym;
mod regions;
mod scan;
mod strategy;
mod stream;
mod tally;

pub use carries::carries_masked;
pub use detect::Span;
pub use detector::Detector;
pub use engine::{Context, Engine};
pub use forms::CONSTANT;
pub use regions::Regions;
pub use scan::{redact, redact_in, scan, scan_in, Redacted};
pub use strategy::{Applied, Strategy};
pub use stream::{Medium, TextStream, MOST_HELD_BYTES};
pub use tally::Tally;
