//! The only crate that speaks PyO3: it converts types and calls the pure crates, and decides nothing.
use pyo3::prelude::*;

mod epoch;
mod evidence;
mod fastpath;
mod lock;
mod log_file;
mod masking;
mod shape;
mod sides;
mod wire;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    epoch::register(module)?;
    evidence::register(module)?;
    fastpath::register(module)?;
    masking::register(module)?;
    shape::register(module)?;
    sides::register(module)?;
    wire::register(module)
}
