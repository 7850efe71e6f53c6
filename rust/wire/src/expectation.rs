//! What the server was asked and has not answered in full yet.

use std::sync::Arc;

use crate::columns::Columns;
use crate::copy::CopyOut;
use crate::plan::ResultPlan;

/// What was asked. The numbers are the constants `EXPECT_*` of the Python module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Query = 1,
    Parse,
    Bind,
    Close,
    DescribeStatement,
    DescribePortal,
    DescribePortalSilent,
    Execute,
    Sync,
    FunctionCall,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Query,
        Self::Parse,
        Self::Bind,
        Self::Close,
        Self::DescribeStatement,
        Self::DescribePortal,
        Self::DescribePortalSilent,
        Self::Execute,
        Self::Sync,
        Self::FunctionCall,
    ];

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }

    /// Whether it concerns one portal, and so one plan (or none when the portal is empty).
    pub fn of_portal(self) -> bool {
        matches!(
            self,
            Self::DescribePortal | Self::DescribePortalSilent | Self::Execute
        )
    }
}

/// How far the answer has come.
pub enum State {
    Start,
    /// ParameterDescription has passed; the row description follows.
    Parameters,
    Rows(Arc<Columns>),
    CopyIn,
    CopyOut(Box<CopyOut>),
    /// CopyDone has passed; CommandComplete follows.
    CopyDone,
    /// A simple query failed; only ReadyForQuery follows.
    Failed,
}

/// One message that was forwarded. `at` is the statement of a simple query that the server works on.
pub struct Expectation {
    pub kind: Kind,
    pub plans: Vec<Arc<ResultPlan>>,
    pub token: i64,
    pub at: usize,
    pub state: State,
}

impl Expectation {
    pub fn new(kind: Kind, plans: Vec<Arc<ResultPlan>>, token: i64) -> Self {
        Self {
            kind,
            plans,
            token,
            at: 0,
            state: State::Start,
        }
    }

    pub fn plan(&self) -> Option<&Arc<ResultPlan>> {
        self.plans.get(self.at)
    }
}
