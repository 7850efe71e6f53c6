//! PostgreSQL's wire in native code. So far: the shape of a statement's text.
#![forbid(unsafe_code)]

mod shape;

pub use shape::{shape, Shape};
