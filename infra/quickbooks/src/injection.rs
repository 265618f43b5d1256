//! Faults that tests order: which calls they hit, and what happens to these.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::call::Call;

/// Length of an ordered timeout, and of an ordered delay, in seconds.
const TIMEOUT_SECONDS: f64 = 60.0;
const SLOW_SECONDS: f64 = 2.0;
/// Longest timeout or delay, in seconds.
const MAX_SECONDS: f64 = 600.0;

/// The effect of a fault on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// HTTP 500; nothing is written.
    #[serde(rename = "status_500")]
    Status500,
    /// HTTP 503; nothing is written.
    #[serde(rename = "status_503")]
    Status503,
    /// No response for `seconds`, then the connection closes; nothing is written.
    Timeout,
    /// The connection closes without a response; nothing is written.
    DropBefore,
    /// The call is carried out, then the connection closes without a response.
    DropAfter,
    /// HTTP 429; nothing is written.
    Throttle,
    /// The call is carried out, and its response is sent after `seconds`.
    Slow,
    /// HTTP 200 with a fault in the body; nothing is written.
    #[serde(rename = "fault_in_200")]
    FaultIn200,
    /// HTTP 401; nothing is written.
    Unauthorized,
    /// HTTP 500 with an XML body, whatever the client accepts; nothing is written.
    XmlError,
}

impl Action {
    /// Returns the name as it is ordered.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status500 => "status_500",
            Self::Status503 => "status_503",
            Self::Timeout => "timeout",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::Throttle => "throttle",
            Self::Slow => "slow",
            Self::FaultIn200 => "fault_in_200",
            Self::Unauthorized => "unauthorized",
            Self::XmlError => "xml_error",
        }
    }
}

/// A fault that hits a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The effect.
    pub action: Action,
    /// The ordered length of a timeout or delay, in seconds.
    seconds: Option<f64>,
}

impl Hit {
    /// Returns whether the call is carried out all the same.
    #[must_use]
    pub fn is_carried_out(self) -> bool {
        matches!(self.action, Action::DropAfter | Action::Slow)
    }

    /// Returns whether the connection closes without a response.
    #[must_use]
    pub fn is_dropped(self) -> bool {
        matches!(self.action, Action::DropBefore | Action::DropAfter | Action::Timeout)
    }

    /// Returns the wait before the response is sent or the connection closes.
    #[must_use]
    pub fn delay(self) -> Option<Duration> {
        let default = match self.action {
            Action::Timeout => TIMEOUT_SECONDS,
            Action::Slow => SLOW_SECONDS,
            _ => return None,
        };
        Some(Duration::from_secs_f64(self.seconds.unwrap_or(default).clamp(0.0, MAX_SECONDS)))
    }
}

/// The calls that a fault hits. An absent field matches every call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// HTTP method, in any case.
    #[serde(default)]
    pub method: Option<String>,
    /// Path as the log of calls prints it, or its end from a slash on.
    #[serde(default)]
    pub path: Option<String>,
    /// Operation of the call or of one of its items.
    #[serde(default)]
    pub operation: Option<String>,
    /// Entity of the call or of one of its items, in any case.
    #[serde(default)]
    pub entity: Option<String>,
}

/// An order for faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The calls that are hit.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// Number of matching calls that pass first.
    #[serde(default)]
    pub after: u64,
    /// Number of calls that are hit then.
    #[serde(default = "one")]
    pub times: u64,
    /// The effect on them.
    #[serde(rename = "do")]
    pub action: Action,
    /// Length of `timeout` (default 60) and `slow` (default 2), in seconds; at most 600.
    #[serde(default)]
    pub seconds: Option<f64>,
}

fn one() -> u64 {
    1
}

/// The orders that are not used up.
#[derive(Debug, Default)]
pub struct Injections(Vec<Order>);

impl Injections {
    /// Adds an order.
    pub fn add(&mut self, order: Order) {
        self.0.push(order);
    }

    /// Removes all orders.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns the orders.
    #[must_use]
    pub fn list(&self) -> &[Order] {
        &self.0
    }

    /// Counts a call and returns what hits it: the first order that matches and lets it pass no longer.
    ///
    /// Calls of OAuth have no operation. Only an order with their path hits them.
    pub fn hit(&mut self, method: &str, path: &str, call: Option<&Call>) -> Option<Hit> {
        let mut hit = None;
        for order in self.0.iter_mut().filter(|order| order.matches.hits(method, path, call)) {
            if order.after > 0 {
                order.after -= 1;
            } else if hit.is_none() && order.times > 0 {
                order.times -= 1;
                hit = Some(Hit { action: order.action, seconds: order.seconds });
            }
        }
        self.0.retain(|order| order.times > 0);
        hit
    }
}

impl Match {
    fn hits(&self, method: &str, path: &str, call: Option<&Call>) -> bool {
        let is_method = self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method));
        let is_path = self
            .path
            .as_deref()
            .is_none_or(|wanted| wanted == path || (wanted.starts_with('/') && path.ends_with(wanted)));
        let is_wanted = |operation: &str, entity: Option<&str>| {
            self.operation.as_deref().is_none_or(|wanted| wanted == operation)
                && self
                    .entity
                    .as_deref()
                    .is_none_or(|wanted| entity.is_some_and(|entity| entity.eq_ignore_ascii_case(wanted)))
        };
        let is_content = match call {
            None => self.path.is_some() && self.operation.is_none() && self.entity.is_none(),
            Some(call) => {
                is_wanted(call.operation, call.entity.as_deref())
                    || call.items.iter().any(|(operation, entity)| is_wanted(operation, entity.as_deref()))
            }
        };
        is_method && is_path && is_content
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn order(value: serde_json::Value) -> Order {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn order_lets_calls_pass_and_then_hits_its_number() {
        let mut injections = Injections::default();
        injections.add(order(json!({ "match": {}, "after": 1, "times": 2, "do": "status_503" })));
        let call = Call { operation: "query", ..Call::default() };
        let hits: Vec<bool> =
            (0..4).map(|_| injections.hit("GET", "/v3/company/1/query", Some(&call)).is_some()).collect();
        assert_eq!(hits, [false, true, true, false]);
        assert!(injections.list().is_empty());
    }

    #[test]
    fn match_compares_path_operation_and_entity_of_call_or_item() {
        let batch =
            Call { operation: "batch", items: vec![("create", Some("Customer".into()))], ..Call::default() };
        let path = "/v3/company/1/batch";
        for (matches, expected) in [
            (json!({}), true),
            (json!({ "path": path, "method": "post" }), true),
            (json!({ "path": "/batch" }), true),
            (json!({ "operation": "batch" }), true),
            (json!({ "operation": "create", "entity": "customer" }), true),
            (json!({ "operation": "create", "entity": "Invoice" }), false),
            (json!({ "path": "/query" }), false),
            (json!({ "method": "GET" }), false),
        ] {
            let mut injections = Injections::default();
            injections.add(order(json!({ "match": matches.clone(), "do": "drop_after" })));
            assert_eq!(injections.hit("POST", path, Some(&batch)).is_some(), expected, "{matches}");
        }
    }

    #[test]
    fn calls_of_oauth_are_hit_only_by_their_path() {
        let path = "/oauth2/v1/tokens/bearer";
        for (matches, expected) in [(json!({}), false), (json!({ "path": path }), true)] {
            let mut injections = Injections::default();
            injections.add(order(json!({ "match": matches, "do": "status_500" })));
            assert_eq!(injections.hit("POST", path, None).is_some(), expected);
        }
    }

    #[test]
    fn unknown_fields_of_an_order_are_rejected() {
        assert!(serde_json::from_value::<Order>(json!({ "match": { "paths": "x" }, "do": "slow" })).is_err());
        assert!(serde_json::from_value::<Order>(json!({ "do": "explode" })).is_err());
    }
}
