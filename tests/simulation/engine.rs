//! The engine: DynamoDB in this process, a copy of its items, and the lagging indexes that follow them.

use std::collections::BTreeMap;

use clientele_infra::local::engine_calls::execute;
use dynoxide::Database;
use serde_json::{Map, Value, json};

use super::lag::Indexes;
use super::network::Caller;
use super::rng::Rng;

/// An item in DynamoDB's JSON.
pub(crate) type Item = Map<String, Value>;

/// The partition key and sort key of an item.
pub(crate) type TableKey = (String, String);

/// The sort key of a customer's record.
const RECORD: &str = "CUSTOMER";

/// A change of a customer's record.
#[derive(Debug, Clone)]
pub(crate) struct RecordChange {
    pub(crate) caller: Caller,
    pub(crate) old: Option<Item>,
    pub(crate) new: Option<Item>,
}

/// The response of the engine: HTTP status and body.
pub(crate) type EngineResponse = (u16, String);

/// The engine and its indexes.
pub(crate) struct Engine {
    database: Database,
    /// Every item of the table, as it was last written.
    pub(crate) items: BTreeMap<TableKey, Item>,
    /// The indexes, which follow the items.
    pub(crate) indexes: Indexes,
    /// How often a customer's record has changed.
    pub(crate) record_changes: usize,
    /// The caller whose call is being executed.
    pub(crate) caller: Caller,
    /// The changes of records, each with its caller, if they are to be kept.
    pub(crate) history: Option<Vec<RecordChange>>,
    /// The items that the last transaction has changed, as they were before.
    last_transaction: Vec<(TableKey, Option<Item>)>,
    /// The items of transactions that are still becoming visible, as reads of several items can still see them.
    late: BTreeMap<TableKey, Option<Item>>,
}

/// How many of a hundred items of a transaction become visible later than the others.
const LATE_PERCENT: usize = 30;

impl Engine {
    pub(crate) fn new() -> Self {
        let database = Database::memory().expect("the embedded engine starts");
        Self {
            database,
            items: BTreeMap::new(),
            indexes: Indexes::default(),
            record_changes: 0,
            caller: Caller::Observer,
            history: None,
            last_transaction: Vec::new(),
            late: BTreeMap::new(),
        }
    }

    /// Executes a call. Index queries are answered from the lagging indexes, everything else by the database.
    pub(crate) fn execute(&mut self, operation: &str, body: &str, rng: &mut Rng) -> EngineResponse {
        let mut request: Value = serde_json::from_str(body).expect("the SDK sends JSON");
        let projection = take_projection(operation, &mut request);
        if operation == "Query" && request.get("IndexName").is_some() {
            return (200, self.indexes.query(&request, projection.as_deref(), rng).to_string());
        }
        self.last_transaction.clear();
        match execute(&self.database, operation, &request.to_string()) {
            Ok(response) => {
                for (key, item) in batch_items(operation, &request) {
                    self.record(key, Some(item));
                }
                for key in written_keys(operation, &request) {
                    self.follow(&request, operation, key);
                }
                (200, self.as_visible(operation, projection.as_deref(), response))
            }
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    /// Makes some items of the last transaction visible later; returns these.
    pub(crate) fn delay_visibility(&mut self, rng: &mut Rng) -> Vec<TableKey> {
        let mut delayed = Vec::new();
        for (key, old) in std::mem::take(&mut self.last_transaction) {
            if rng.percent(LATE_PERCENT) {
                self.late.insert(key.clone(), old);
                delayed.push(key);
            }
        }
        delayed
    }

    /// Makes items visible.
    pub(crate) fn make_visible(&mut self, keys: &[TableKey]) {
        for key in keys {
            self.late.remove(key);
        }
    }

    /// The response to a read of several items, which can see a part of a transaction that is in progress.
    fn as_visible(&self, operation: &str, projection: Option<&[String]>, response: String) -> String {
        let is_read = matches!(operation, "Query" | "BatchGetItem");
        if !is_read || (self.late.is_empty() && projection.is_none()) {
            return response;
        }
        let mut response: Value = serde_json::from_str(&response).expect("the engine returns JSON");
        let lists = match operation {
            "Query" => vec![&mut response["Items"]],
            _ => response["Responses"].as_object_mut().into_iter().flat_map(Map::values_mut).collect(),
        };
        for items in lists.into_iter().filter_map(Value::as_array_mut) {
            items.retain_mut(|item| match key_of(Some(item)).and_then(|key| self.late.get(&key)) {
                None => true,
                Some(None) => false,
                Some(Some(old)) => {
                    *item = Value::Object(old.clone());
                    true
                }
            });
            for item in items.iter_mut().filter_map(Value::as_object_mut) {
                *item = projection.map_or_else(|| item.clone(), |attributes| project(item, attributes));
            }
        }
        response.to_string()
    }

    /// Reads an item back after a write. Items of a batch are as they were sent.
    fn follow(&mut self, request: &Value, operation: &str, key: TableKey) {
        let table = table_name(operation, request);
        let get = json!({
            "TableName": table, "ConsistentRead": true, "Key": {"pk": {"S": key.0}, "sk": {"S": key.1}},
        });
        let response = execute(&self.database, "GetItem", &get.to_string()).expect("an item is read back");
        let response: Value = serde_json::from_str(&response).expect("the engine returns JSON");
        let new = response.get("Item").and_then(Value::as_object).cloned();
        self.record(key, new);
    }

    /// Passes the change of an item to the indexes.
    fn record(&mut self, key: TableKey, new: Option<Item>) {
        let old = match &new {
            Some(new) => self.items.insert(key.clone(), new.clone()),
            None => self.items.remove(&key),
        };
        if old == new {
            return;
        }
        if key.1 == RECORD {
            self.record_changes += 1;
            if let Some(history) = &mut self.history {
                history.push(RecordChange { caller: self.caller, old: old.clone(), new: new.clone() });
            }
        }
        self.indexes.record(&key, old.as_ref(), new.as_ref());
        self.late.remove(&key);
        self.last_transaction.push((key, old));
    }
}

/// Removes the projection of a read and returns the attributes that it asks for: an item is looked up by its whole key,
/// which a projection can lack.
fn take_projection(operation: &str, request: &mut Value) -> Option<Vec<String>> {
    let read = match operation {
        "Query" => request,
        "BatchGetItem" => request["RequestItems"].as_object_mut()?.values_mut().next()?,
        _ => return None,
    };
    let read = read.as_object_mut()?;
    let projection = read.remove("ProjectionExpression")?;
    let condition = read.get("KeyConditionExpression").and_then(Value::as_str).unwrap_or_default().to_owned();
    let names = read.get_mut("ExpressionAttributeNames").and_then(Value::as_object_mut);
    let names = names.expect("the store's projections have names");
    let attributes = projection.as_str().expect("a projection is a text").split(',').map(|name| {
        let name = name.trim();
        let attribute =
            names.get(name).and_then(Value::as_str).expect("a projection's name is defined").to_owned();
        // DynamoDB refuses names that no expression uses.
        if !condition.contains(name) {
            names.remove(name);
        }
        attribute
    });
    let attributes = attributes.collect();
    if names.is_empty() {
        read.remove("ExpressionAttributeNames");
    }
    Some(attributes)
}

/// Returns these attributes of an item.
pub(crate) fn project(item: &Item, attributes: &[String]) -> Item {
    attributes.iter().filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
}

/// Returns a text attribute of an item.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.get("S")?.as_str()
}

/// Returns a whole number attribute of an item.
pub(crate) fn number_of(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.get("N")?.as_str()?.parse().ok()
}

fn key_of(attributes: Option<&Value>) -> Option<TableKey> {
    let attributes = attributes?.as_object()?;
    Some((text_of(attributes, "pk")?.to_owned(), text_of(attributes, "sk")?.to_owned()))
}

/// Returns the items that a batch puts. The store's batches delete nothing.
fn batch_items(operation: &str, request: &Value) -> Vec<(TableKey, Item)> {
    if operation != "BatchWriteItem" {
        return Vec::new();
    }
    let tables = request["RequestItems"].as_object().into_iter().flat_map(Map::values);
    let puts = tables.filter_map(Value::as_array).flatten().map(|write| write.pointer("/PutRequest/Item"));
    puts.map(|item| {
        let key = key_of(item).expect("a batch puts items");
        (key, item.and_then(Value::as_object).cloned().unwrap_or_default())
    })
    .collect()
}

/// Returns the keys of the items that a call writes one by one.
fn written_keys(operation: &str, request: &Value) -> Vec<TableKey> {
    match operation {
        "PutItem" => key_of(request.get("Item")).into_iter().collect(),
        "UpdateItem" | "DeleteItem" => key_of(request.get("Key")).into_iter().collect(),
        "TransactWriteItems" => {
            let items = request["TransactItems"].as_array().into_iter().flatten();
            let key = |item: &Value| {
                let paths = ["/Put/Item", "/Update/Key", "/Delete/Key"];
                paths.into_iter().find_map(|path| key_of(item.pointer(path)))
            };
            items.filter_map(key).collect()
        }
        _ => Vec::new(),
    }
}

fn table_name(operation: &str, request: &Value) -> String {
    let name = match operation {
        "TransactWriteItems" => {
            let item = request["TransactItems"][0].as_object().and_then(|item| item.values().next());
            item.and_then(|item| item["TableName"].as_str())
        }
        _ => request["TableName"].as_str(),
    };
    name.expect("a write names its table").to_owned()
}
