//! `Epoch`: see `_native.pyi`.
use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::prelude::*;

/// See `_native.pyi`.
#[pyclass(frozen)]
#[derive(Default)]
pub struct Epoch {
    changes: AtomicI64,
}

#[pymethods]
impl Epoch {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[getter]
    pub fn value(&self) -> i64 {
        self.changes.load(Ordering::SeqCst)
    }

    fn advance(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }
}

/// The sum changes whenever one of them does: none ever goes back.
pub fn sum(epochs: &[Py<Epoch>]) -> i64 {
    epochs.iter().map(|epoch| epoch.get().value()).sum()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Epoch>()
}
