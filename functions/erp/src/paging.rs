//! Page numbers: how a request asks for a page, and how the response says which one it is.

use clientele_functions_common::Request;
use clientele_shared::Result;

use crate::types::Meta;

/// Elements per page if the request has no `limit`.
const DEFAULT_LIMIT: usize = 20;

/// Maximum number of elements per page. A larger `limit` is reduced to this number.
const MAX_LIMIT: usize = 100;

/// The page that a request asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    /// The page's number, starting at 1.
    pub(crate) page: u64,
    /// Elements per page.
    pub(crate) limit: usize,
}

impl Paging {
    /// Reads the parameters `page` and `limit`.
    ///
    /// # Errors
    /// Returns [`Error::Invalid`](clientele_shared::Error::Invalid), naming the parameter, if one is not a whole number
    /// of 1 or more.
    pub(crate) fn read(request: &Request) -> Result<Self> {
        let page = request.query_number("page")?.unwrap_or(1);
        let limit = request.query_number("limit")?.map(|limit| usize::try_from(limit).unwrap_or(MAX_LIMIT));
        Ok(Self { page, limit: limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT) })
    }

    /// Returns the number of elements up to the end of this page.
    pub(crate) fn end(self) -> u64 {
        self.page.saturating_mul(self.limit as u64)
    }

    /// Returns the position of this page in a list of `total` elements.
    pub(crate) fn meta(self, total: u64) -> Meta {
        Meta { total, page: self.page, limit: self.limit as u64, has_more: self.end() < total }
    }
}
