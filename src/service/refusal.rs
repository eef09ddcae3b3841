//! The one error that leaves a service: a code, a sentence, and whether to try again.

use crate::auth::passwords::Busy;
use crate::bus::BusError;
use crate::domain::window::Verdict;
use crate::protocol::codes::{ErrorBody, ErrorCode, FieldError};
use crate::store::{StoreError, Unique};

pub type Answered<T> = Result<T, Refusal>;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// Where it says more than the code's meaning.
    pub detail: Option<String>,
    pub fields: Vec<FieldError>,
    /// The limit that was reached.
    pub verdict: Option<Verdict>,
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    pub fn of(code: ErrorCode) -> Self {
        Self { code, detail: None, fields: Vec::new(), verdict: None, retry_after_ms: None }
    }

    pub fn because(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::of(code) }
    }

    pub fn field(field: &str, detail: impl Into<String>) -> Self {
        FieldError { field: field.to_owned(), detail: detail.into() }.into()
    }

    pub fn limited(verdict: Verdict) -> Self {
        Self {
            verdict: Some(verdict),
            retry_after_ms: Some(verdict.retry_after_ms),
            ..Self::of(ErrorCode::RateLimited)
        }
    }

    pub(super) fn not_ready() -> Self {
        Self::because(ErrorCode::Overloaded, "The server has only just started; try again soon.")
    }

    /// As clients see it.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            code: self.code,
            detail: self.detail.clone().unwrap_or_else(|| self.code.meaning().to_owned()),
            advice: self.code.advice(),
            retry_after_ms: self.retry_after_ms,
            fields: self.fields.clone(),
        }
    }
}

impl From<FieldError> for Refusal {
    fn from(field: FieldError) -> Self {
        vec![field].into()
    }
}

impl From<Vec<FieldError>> for Refusal {
    fn from(fields: Vec<FieldError>) -> Self {
        let detail = fields.iter().map(|field| field.detail.as_str()).collect::<Vec<_>>().join(" ");
        Self { fields, ..Self::because(ErrorCode::Invalid, detail) }
    }
}

/// Logged here, once; what clients are told does not name the inside.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(Unique::Username) => Self::of(ErrorCode::UsernameTaken),
            StoreError::Taken(Unique::Email) => Self::of(ErrorCode::EmailTaken),
            StoreError::Overloaded => {
                Self { retry_after_ms: Some(500), ..Self::of(ErrorCode::Overloaded) }
            }
            StoreError::Unavailable(_) | StoreError::Damaged(_) => {
                tracing::error!(%error, "the store failed");
                Self { retry_after_ms: Some(2_000), ..Self::of(ErrorCode::StorageUnavailable) }
            }
        }
    }
}

impl From<BusError> for Refusal {
    fn from(error: BusError) -> Self {
        tracing::error!(%error, "the bus failed");
        Self { retry_after_ms: Some(1_000), ..Self::of(ErrorCode::Overloaded) }
    }
}

impl From<Busy> for Refusal {
    fn from(_: Busy) -> Self {
        Self { retry_after_ms: Some(1_000), ..Self::of(ErrorCode::Overloaded) }
    }
}
