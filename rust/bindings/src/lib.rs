//! The only crate that speaks PyO3: it converts types and calls the pure crates, and decides nothing.
use pyo3::prelude::*;

mod evidence;
mod fastpath;
mod lock;
mod masking;
mod shape;
mod wire;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    evidence::register(module)?;
    fastpath::register(module)?;
    masking::register(module)?;
    shape::register(module)?;
    wire::register(module)
}
