//! Lagging indexes: each index partition follows the table by its own number of writes, and never goes back.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::engine::{Item, TableKey, number_of, project, text_of};
use super::rng::Rng;

/// The name, partition attribute and sort attribute of each index.
const INDEXES: [(&str, &str, &str); 3] = [
    ("by-status", "status_pk", "number"),
    ("by-type", "type_pk", "number"),
    ("by-search", "search_pk", "search_sk"),
];

/// The sort key of an index, in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Number(i64),
    Text(String),
}

/// The place of an entry in its index partition.
pub(super) type Place = (SortKey, TableKey);

/// A change of an index partition; no item removes the entry.
struct Event {
    place: Place,
    item: Option<Item>,
}

/// One index partition: the events that have been written, and the entries that queries see.
#[derive(Default)]
pub(super) struct Partition {
    events: Vec<Event>,
    applied: usize,
    pub(super) entries: BTreeMap<Place, Item>,
}

/// All partitions of all indexes, by index name and partition key.
#[derive(Default)]
pub(crate) struct Indexes {
    partitions: BTreeMap<(&'static str, String), Partition>,
    /// Whether queries see every write.
    pub(crate) is_current: bool,
}

impl Partition {
    fn advance(&mut self, count: usize) {
        let until = self.events.len().min(self.applied.saturating_add(count));
        for event in &self.events[self.applied..until] {
            match &event.item {
                Some(item) => self.entries.insert(event.place.clone(), item.clone()),
                None => self.entries.remove(&event.place),
            };
        }
        self.applied = until;
    }
}

impl Indexes {
    /// Records the change of an item in each index that holds it.
    pub(super) fn record(&mut self, key: &TableKey, old: Option<&Item>, new: Option<&Item>) {
        for index in INDEXES {
            let (from, to) = (place_in(index, key, old), place_in(index, key, new));
            if let Some((partition, place)) = &from
                && from != to
            {
                self.push(index.0, partition, Event { place: place.clone(), item: None });
            }
            if let Some((partition, place)) = to {
                self.push(index.0, &partition, Event { place, item: new.cloned() });
            }
        }
    }

    fn push(&mut self, index: &'static str, partition: &str, event: Event) {
        self.partitions.entry((index, partition.to_owned())).or_default().events.push(event);
    }

    /// Lets every partition follow to the last write.
    pub(crate) fn catch_up(&mut self) {
        for partition in self.partitions.values_mut() {
            partition.advance(usize::MAX);
        }
    }

    /// Answers a query of an index, after its partition has followed by a random number of writes.
    pub(super) fn query(&mut self, request: &Value, projection: Option<&[String]>, rng: &mut Rng) -> Value {
        let name = request["IndexName"].as_str().unwrap_or_default();
        let (name, partition_attribute, sort_attribute) = *INDEXES
            .iter()
            .find(|(index, ..)| *index == name)
            .expect("the query names an index of the table");
        let range = Range::read(request, partition_attribute, sort_attribute);
        let is_current = self.is_current;
        let partition = self.partitions.entry((name, range.partition.clone())).or_default();
        let followed = if is_current || rng.percent(40) { usize::MAX } else { rng.below(4) };
        partition.advance(followed);
        let start = request.get("ExclusiveStartKey").and_then(Value::as_object).map(|start| {
            let key = (text(start, "pk"), text(start, "sk"));
            (sort_key(start, sort_attribute).expect("a start key has a sort key"), key)
        });
        let is_forward = request["ScanIndexForward"].as_bool().unwrap_or(true);
        let mut limit =
            request["Limit"].as_u64().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0));
        // DynamoDB ends a page at 1 MB, wherever that is.
        if !is_current && rng.percent(20) {
            limit = limit.min(1 + rng.below(9));
        }
        let page = range.page(partition, start.as_ref(), is_forward, limit);
        response(&page, projection, limit, (partition_attribute, sort_attribute))
    }
}

fn response(
    page: &[&Item],
    projection: Option<&[String]>,
    limit: usize,
    (partition, sort): (&str, &str),
) -> Value {
    let keys = ["pk", "sk", partition, sort];
    let only_keys = |item: &Item| -> Item {
        keys.iter().filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone()))).collect()
    };
    let items: Vec<Item> = page
        .iter()
        .map(|item| match projection {
            _ if sort == "search_sk" => only_keys(item),
            Some(attributes) => project(item, attributes),
            None => (*item).clone(),
        })
        .collect();
    let mut body = json!({ "Items": items, "Count": items.len(), "ScannedCount": items.len() });
    // Like DynamoDB, a full page names a last key even if nothing follows.
    if let Some(last) = page.last().filter(|_| page.len() == limit) {
        body["LastEvaluatedKey"] = Value::Object(only_keys(last));
    }
    body
}

fn place_in(index: (&str, &str, &str), key: &TableKey, item: Option<&Item>) -> Option<(String, Place)> {
    let item = item?;
    let partition = text_of(item, index.1)?.to_owned();
    Some((partition, (sort_key(item, index.2)?, key.clone())))
}

fn sort_key(item: &Item, name: &str) -> Option<SortKey> {
    let number = number_of(item, name).map(SortKey::Number);
    number.or_else(|| text_of(item, name).map(|text| SortKey::Text(text.to_owned())))
}

fn text(item: &Item, name: &str) -> String {
    text_of(item, name).expect("a key is a text").to_owned()
}

/// The key condition of a query.
struct Range {
    partition: String,
    condition: Condition,
}

enum Condition {
    Any,
    Less(SortKey),
    Greater(SortKey),
    Between(SortKey, SortKey),
    BeginsWith(String),
}

impl Range {
    /// Reads the expressions that the store sends; anything else is a gap in the simulation.
    fn read(request: &Value, partition_attribute: &str, sort_attribute: &str) -> Self {
        for name in ["FilterExpression", "ProjectionExpression", "Select", "KeyConditions"] {
            assert!(request.get(name).is_none(), "the lagging indexes do not support {name}");
        }
        let values = request["ExpressionAttributeValues"].as_object().cloned().unwrap_or_default();
        let expression = request["KeyConditionExpression"].as_str().unwrap_or_default();
        let names = &request["ExpressionAttributeNames"];
        let (partition, rest) = expression.split_once(" AND ").unwrap_or((expression, ""));
        assert_eq!((partition, names["#pk"].as_str()), ("#pk = :pk", Some(partition_attribute)));
        let value = |name: &str| sort_key(&values, name).expect("the key condition has its values");
        let words: Vec<&str> = rest.split([' ', '(', ')', ',']).filter(|word| !word.is_empty()).collect();
        let condition = match words.as_slice() {
            [] => Condition::Any,
            [_, "<", at] => Condition::Less(value(at)),
            [_, ">", at] => Condition::Greater(value(at)),
            [_, "BETWEEN", first, "AND", last] => Condition::Between(value(first), value(last)),
            ["begins_with", _, prefix] => Condition::BeginsWith(text(&values, prefix)),
            _ => panic!("the lagging indexes do not support the key condition {expression}"),
        };
        if let Some(name) = words.iter().find(|word| word.starts_with('#')) {
            assert_eq!(names[*name].as_str(), Some(sort_attribute), "{expression}");
        }
        Self { partition: text(&values, ":pk"), condition }
    }

    fn holds(&self, sort: &SortKey) -> bool {
        match &self.condition {
            Condition::Any => true,
            Condition::Less(at) => sort < at,
            Condition::Greater(at) => sort > at,
            Condition::Between(first, last) => first <= sort && sort <= last,
            Condition::BeginsWith(prefix) => {
                matches!(sort, SortKey::Text(text) if text.starts_with(prefix.as_str()))
            }
        }
    }

    fn page<'a>(
        &self,
        partition: &'a Partition,
        start: Option<&Place>,
        is_forward: bool,
        limit: usize,
    ) -> Vec<&'a Item> {
        let is_in = |(place, _): &(&Place, &Item)| {
            let is_after = start.is_none_or(|start| if is_forward { *place > start } else { *place < start });
            is_after && self.holds(&place.0)
        };
        let entries = partition.entries.iter();
        let items: Box<dyn Iterator<Item = (&Place, &Item)>> =
            if is_forward { Box::new(entries) } else { Box::new(entries.rev()) };
        items.filter(is_in).take(limit).map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns an entry of by-search.
    fn entry(partition: &str, sort: &str) -> Item {
        Item::from_iter([
            ("pk".to_owned(), json!({ "S": sort })),
            ("sk".to_owned(), json!({ "S": "X" })),
            ("search_pk".to_owned(), json!({ "S": partition })),
            ("search_sk".to_owned(), json!({ "S": sort })),
        ])
    }

    #[test]
    fn partitions_lag_and_never_go_back() {
        let mut indexes = Indexes::default();
        for at in 0..50 {
            let sort = format!("{at:0>2}");
            indexes.record(&(sort.clone(), "X".into()), None, Some(&entry("p", &sort)));
        }
        let request = json!({
            "IndexName": "by-search", "KeyConditionExpression": "#pk = :pk AND begins_with(#sk, :prefix)",
            "ExpressionAttributeNames": {"#pk": "search_pk", "#sk": "search_sk"},
            "ExpressionAttributeValues": {":pk": {"S": "p"}, ":prefix": {"S": ""}}, "Limit": 100,
        });
        let mut rng = Rng::for_step(5, 0);
        let mut applied = 0;
        for _ in 0..100 {
            indexes.query(&request, None, &mut rng);
            let now = indexes.partitions.values().map(|partition| partition.entries.len()).sum();
            assert!(applied <= now);
            applied = now;
        }
        assert_eq!(applied, 50);
    }
}
