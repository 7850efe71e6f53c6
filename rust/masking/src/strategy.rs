//! What masking does to a labelled value.

/// How a labelled value leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// `[masked:label]`: nothing of the value is left.
    Redact,
    /// A little is kept: the first letter and the domain of an address, the last four of a card, else the first
    /// character.
    Partial,
    Null,
    /// A keyed token: equal stays equal within the masking scope.
    Pseudonym,
}

impl Strategy {
    /// The strategy of this name (`redact`, `partial`, `null`, `pseudonym`), as policies and mask plans write it.
    pub fn from_name(name: &str) -> Option<Strategy> {
        match name {
            "redact" => Some(Strategy::Redact),
            "partial" => Some(Strategy::Partial),
            "null" => Some(Strategy::Null),
            "pseudonym" => Some(Strategy::Pseudonym),
            _ => None,
        }
    }
}

/// What [`Engine::apply`](crate::Engine::apply) made of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The masked text was appended.
    Value,
    /// Nothing was appended: the value becomes NULL.
    Null,
}
