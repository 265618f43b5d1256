//! The log of calls, which tests and the page for people read.

use std::collections::VecDeque;

use serde::Serialize;

/// Number of calls that are kept.
const MAX_CALLS: usize = 20_000;

/// Number of items of a batch that are kept. A batch is limited to fewer, unless it is refused.
const MAX_ITEMS: usize = 64;
/// Longest path and `requestid` that are kept, in characters.
const MAX_TEXT: usize = 200;

/// A call of the API.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedCall {
    /// Number of the call, starting at 1.
    pub number: u64,
    /// The company's time.
    pub time: String,
    /// HTTP method.
    pub method: String,
    /// Path without the query string.
    pub path: String,
    /// Name of the entity, if the request names one.
    pub entity: Option<String>,
    /// The purpose of the request.
    pub operation: &'static str,
    /// Parameter `requestid`.
    pub requestid: Option<String>,
    /// Status of the response, also of one that was not sent; 0 if the call was not answered.
    pub status: u16,
    /// Whether the call counts as a metered read.
    pub metered: bool,
    /// Code of the error.
    pub code: Option<&'static str>,
    /// The fault that was ordered for the call.
    pub fault: Option<&'static str>,
    /// Whether the response was stored before, for the same `requestid`.
    pub replayed: bool,
    /// The first items of a batch.
    pub items: Vec<LoggedItem>,
}

/// An item of a batch.
#[derive(Debug, Clone, Serialize)]
pub struct LoggedItem {
    /// The purpose of the item.
    pub operation: &'static str,
    /// Name of the entity.
    pub entity: Option<String>,
}

/// The latest calls.
#[derive(Debug, Default)]
pub struct Calls {
    last: u64,
    calls: VecDeque<LoggedCall>,
}

impl Calls {
    /// Adds a call and gives it the next number.
    pub fn add(&mut self, mut call: LoggedCall) {
        self.last += 1;
        call.number = self.last;
        call.items.truncate(MAX_ITEMS);
        call.items.shrink_to_fit();
        for text in call.requestid.iter_mut().chain([&mut call.path]) {
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
                text.truncate(end);
                text.shrink_to_fit();
            }
        }
        self.calls.push_back(call);
        if self.calls.len() > MAX_CALLS {
            self.calls.pop_front();
        }
    }

    /// Returns the calls after a number.
    pub fn after(&self, number: u64) -> impl DoubleEndedIterator<Item = &LoggedCall> {
        self.calls.iter().filter(move |call| call.number > number)
    }
}
