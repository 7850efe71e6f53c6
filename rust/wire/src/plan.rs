//! The mask plan of one result set. Built once, shared by all sessions of a grant.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use safelight_masking::Engine;

use crate::columns::Columns;
use crate::copy::CopyPlan;
use crate::error::WireError;
use crate::treatment::ColumnRule;

const MAX_ACCEPTED: usize = 64;

/// Which RowDescriptions may pass, and how their rows and a COPY are masked.
pub struct ResultPlan {
    engine: Arc<Engine>,
    accepted: Mutex<VecDeque<Arc<Columns>>>,
    copy: OnceLock<Arc<CopyPlan>>,
}

impl ResultPlan {
    pub fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            accepted: Mutex::default(),
            copy: OnceLock::new(),
        }
    }

    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Remember a RowDescription body whose origins were checked. A body that is known already gets the new rules.
    pub fn accept(&self, body: &[u8], rules: &[ColumnRule]) -> Result<(), WireError> {
        let columns = Arc::new(Columns::checked(body, rules)?);
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.retain(|known| *known.body != *body);
        if accepted.len() >= MAX_ACCEPTED {
            accepted.pop_front();
        }
        accepted.push_back(columns);
        Ok(())
    }

    /// The columns of a body that was accepted.
    pub fn accepted(&self, body: &[u8]) -> Option<Arc<Columns>> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.iter().find(|known| *known.body == *body).cloned()
    }

    /// Say how a COPY OUT is written. The first call counts.
    pub fn set_copy(&self, plan: CopyPlan) {
        self.copy.get_or_init(|| Arc::new(plan));
    }

    pub fn copy(&self) -> Option<&Arc<CopyPlan>> {
        self.copy.get()
    }
}
