//! Faults of single calls: throttling, server errors, lost requests and responses, conflicts, unprocessed items.

use serde_json::{Value, json};

use super::engine::{Engine, EngineResponse};
use super::rng::Rng;

/// The outcome that a call meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    /// DynamoDB throttles the call.
    Throttle,
    /// A server error, before the call took effect.
    ErrorBefore,
    /// A server error, after the call took effect.
    ErrorAfter,
    /// The call does not reach the engine.
    LoseRequest,
    /// The call takes effect, but its response is lost.
    LoseResponse,
    /// The transaction is cancelled because of another one.
    Conflict,
    /// The transaction is cancelled because one of its items is throttled.
    ItemThrottle,
    /// An earlier attempt of the transaction is still in progress.
    InProgress,
    /// A part of the batch is not processed.
    Unprocessed,
}

impl Fate {
    /// Draws the fate of a call.
    pub(crate) fn draw(operation: &str, percent: usize, rng: &mut Rng) -> Self {
        if !rng.percent(percent) {
            return Self::Pass;
        }
        let any =
            [Self::Throttle, Self::ErrorBefore, Self::ErrorAfter, Self::LoseRequest, Self::LoseResponse];
        let own: &[Self] = match operation {
            "TransactWriteItems" => &[Self::Conflict, Self::ItemThrottle, Self::InProgress],
            "BatchGetItem" | "BatchWriteItem" => &[Self::Unprocessed],
            _ => &[],
        };
        if !own.is_empty() && rng.percent(50) { *rng.pick(own) } else { *rng.pick(&any) }
    }
}

/// Executes a call under its fate; `None` means that no response arrives.
pub(crate) fn execute(
    fate: Fate,
    operation: &str,
    body: &str,
    engine: &mut Engine,
    rng: &mut Rng,
) -> Option<EngineResponse> {
    match fate {
        Fate::Pass => Some(engine.execute(operation, body, rng)),
        Fate::Throttle => {
            Some(error(400, "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"))
        }
        Fate::ErrorBefore => Some(error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError")),
        Fate::ErrorAfter => {
            engine.execute(operation, body, rng);
            Some(error(500, "com.amazonaws.dynamodb.v20120810#InternalServerError"))
        }
        Fate::LoseRequest => None,
        Fate::LoseResponse => {
            engine.execute(operation, body, rng);
            None
        }
        Fate::Conflict => Some(cancelled("TransactionConflict")),
        Fate::ItemThrottle => Some(cancelled("ThrottlingError")),
        Fate::InProgress => {
            Some(error(400, "com.amazonaws.dynamodb.v20120810#TransactionInProgressException"))
        }
        Fate::Unprocessed => Some(process_part(operation, body, engine, rng)),
    }
}

fn error(status: u16, kind: &str) -> EngineResponse {
    (status, json!({ "__type": kind, "message": "injected by the simulation" }).to_string())
}

fn cancelled(reason: &str) -> EngineResponse {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [None, {reason}]"),
        "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": "injected by the simulation"}],
    });
    (400, body.to_string())
}

/// Executes a random part of a batch and returns the rest as unprocessed.
fn process_part(operation: &str, body: &str, engine: &mut Engine, rng: &mut Rng) -> EngineResponse {
    let mut request: Value = serde_json::from_str(body).expect("the SDK sends JSON");
    let is_read = operation == "BatchGetItem";
    let unprocessed = if is_read { "UnprocessedKeys" } else { "UnprocessedItems" };
    let tables = request["RequestItems"].as_object_mut().expect("a batch has tables");
    let mut rest = tables.clone();
    for (name, table) in tables.iter_mut() {
        let all = if is_read { table["Keys"].as_array().cloned() } else { table.as_array().cloned() };
        let (done, left): (Vec<Value>, Vec<Value>) =
            all.unwrap_or_default().into_iter().partition(|_| rng.percent(50));
        let left_of = rest.get_mut(name).expect("the table is in both");
        let (done_in, left_in) =
            if is_read { (&mut table["Keys"], &mut left_of["Keys"]) } else { (table, left_of) };
        (*done_in, *left_in) = (Value::Array(done), Value::Array(left));
    }
    let count = |tables: &serde_json::Map<String, Value>| {
        let lists = tables.values().map(|table| if is_read { &table["Keys"] } else { table });
        lists.filter_map(Value::as_array).map(Vec::len).sum::<usize>()
    };
    if count(&rest) == 0 {
        return engine.execute(operation, body, rng);
    }
    let mut response = if count(request["RequestItems"].as_object().expect("a batch has tables")) == 0 {
        json!({ "Responses": {} })
    } else {
        let (status, text) = engine.execute(operation, &request.to_string(), rng);
        if status != 200 {
            return (status, text);
        }
        serde_json::from_str(&text).expect("the engine returns JSON")
    };
    response[unprocessed] = Value::Object(rest);
    (200, response.to_string())
}
