//! No request reads or changes another tenant's record, whatever id, cursor or key it sends: every route is called
//! with everything that names the other tenant's records, and what is there before and after is the same.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};

use clientele_infra::local::routes::{Route, Routes, TEMPLATE};
use clientele_shared::model::Mode;
use clientele_shared::table::keys::{self, attribute};

use crate::support::{Answer, By, Caller, Stack, walk};

const CUSTOMERS: &str = "/api/v1/customers";

/// The key under which the victim created a customer and changed it.
const ONCE: &str = "order-17";

/// Where the victim's walk stopped: this page of so many customers.
const LIMIT: usize = 2;

/// A tenant with customers, one of them deleted.
struct Victim {
    caller: Caller,
    /// The uuids, the first number first; the first customer is deleted.
    uuids: Vec<String>,
}

/// One request of somebody else.
#[derive(Debug, Clone)]
struct Attack {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

#[tokio::test]
async fn another_tenant_sees_and_changes_nothing() {
    let stack = Stack::start().await;
    let victim = Victim::new(&stack).await;
    attack_every_route(&stack, &victim, stack.caller("bolt", Mode::Live, "read,write,export").await).await;
}

#[tokio::test]
async fn the_sandbox_of_the_same_tenant_sees_and_changes_nothing() {
    let stack = Stack::start().await;
    let victim = Victim::new(&stack).await;
    attack_every_route(&stack, &victim, stack.caller("acme", Mode::Test, "read,write,export").await).await;
}

#[tokio::test]
async fn a_sandbox_is_safe_from_its_own_live_keys() {
    let mut stack = Stack::start().await;
    let sandbox = stack.caller("acme", Mode::Test, "read,write").await;
    let live = std::mem::replace(&mut stack.acme, sandbox);
    let victim = Victim::new(&stack).await;
    attack_every_route(&stack, &victim, live).await;
}

#[tokio::test]
async fn what_is_known_of_a_key_opens_no_route() {
    let stack = Stack::start().await;
    let victim = Victim::new(&stack).await;
    let before = items_outside(&stack, "nobody's").await;
    let key = &victim.caller.key;
    let secrets = [
        key.id().as_str().to_owned(),
        format!("ctc_live_{}", key.id().as_str()),
        format!("ctc_live_{}", key.hash.as_str()),
        format!("ctc_{}", victim.caller.secret),
        victim.caller.secret.to_uppercase(),
        victim.caller.secret[..victim.caller.secret.len() - 1].to_owned(),
    ];
    for route in routes() {
        for attack in attacks(&route, &victim).into_iter().take(3) {
            for secret in &secrets {
                let answer =
                    stack.anonymous(attack.method.clone(), &attack.path, &[("x-api-key", secret)]).await;
                assert_eq!(answer.status, 401, "{attack:?}");
                victim.check_unseen(&answer, &attack);
            }
        }
    }
    check_same(&before, &items_outside(&stack, "nobody's").await, "a request without a key in force");
}

async fn attack_every_route(stack: &Stack, victim: &Victim, attacker: Caller) {
    for number in 1..=7 {
        attacker.create(&json!({"first_name": "Own", "last_name": format!("Customer {number}")})).await;
    }
    walk(&attacker, &format!("limit={LIMIT}"), By::Cursor, |_| ()).await;
    let own = format!("T#{}#", attacker.key.tenant().as_str());
    let before = items_outside(stack, &own).await;
    for route in routes() {
        for attack in attacks(&route, victim) {
            let answer = attack.send(&attacker).await;
            assert!(answer.status.as_u16() < 500, "{attack:?}: {answer:#?}");
            victim.check_unseen(&answer, &attack);
            if route.path.contains("{uuid}") {
                // As if nobody had it.
                assert_eq!(answer.error(404), "Customer not found", "{attack:?}");
            }
        }
        check_same(&before, &items_outside(stack, &own).await, &format!("{route:?}"));
    }
}

/// Every route that the template has.
fn routes() -> Vec<Route> {
    Routes::read(TEMPLATE).unwrap().all().collect()
}

/// Every way to ask a route for what the victim has.
fn attacks(route: &Route, victim: &Victim) -> Vec<Attack> {
    let method: Method = route.method.parse().unwrap();
    let attack =
        |path: String| Attack { method: method.clone(), path, headers: Vec::new(), body: Value::Null };
    let each_id = |suffix: &str, body: Value| -> Vec<Attack> {
        let paths = victim.ids().into_iter().map(|id| route.path.replace("{uuid}", &escaped(&id)));
        let plain = paths.map(|path| Attack { body: body.clone(), ..attack(path + suffix) });
        let at_version =
            Attack { body: body.clone(), ..attack(route.path.replace("{uuid}", &victim.uuids[2]) + suffix) };
        plain.chain(at_version.with_conditions()).collect()
    };
    match route.function.as_str() {
        "trades-customer-list" => {
            victim.queries().into_iter().map(|query| attack(format!("{}?{query}", route.path))).collect()
        }
        "trades-customer-create" => victim
            .bodies()
            .into_iter()
            .flat_map(|body| Attack { body, ..attack(route.path.clone()) }.with_conditions())
            .collect(),
        "trades-customer-get" => {
            [each_id("", Value::Null), each_id("?include_deleted=true", Value::Null)].concat()
        }
        "trades-customer-update" => each_id("", json!({"last_name": "Taken", "deleted_at": null})),
        "trades-customer-delete" | "trades-customer-restore" => each_id("", Value::Null),
        "pool-graphql" if route.method == "GET" => {
            let query = escaped("{ infiniteCustomers(first: 100) { edges { node { id email } } } }");
            vec![attack(format!("{}?query={query}", route.path))]
        }
        "pool-graphql" => victim
            .documents()
            .into_iter()
            .flat_map(|body| Attack { body, ..attack(route.path.clone()) }.with_conditions())
            .collect(),
        "pool-customer-export" => ["", "?status=ACTIVE", "?search=quokka", "?status=active&search=cust_3"]
            .map(|query| attack(format!("{}{query}", route.path)))
            .to_vec(),
        "pool-pricing-export" => {
            ["cust_1", "cust_3", "cust_7", "cust_8"].map(|id| attack(route.path.replace("{id}", id))).to_vec()
        }
        other => panic!("{other} has a route and no case in tests/guarantees/tenants.rs"),
    }
}

impl Attack {
    /// This request, and the same with every header that can make a difference.
    fn with_conditions(self) -> Vec<Self> {
        let headers = [
            vec![],
            vec![("idempotency-key", ONCE.to_owned())],
            vec![("if-match", "\"1\"".to_owned())],
            vec![("if-match", "*".to_owned())],
            vec![("if-none-match", "\"1\"".to_owned())],
            vec![("x-tenant", "acme".to_owned()), ("x-forwarded-for", "acme".to_owned())],
        ];
        headers.into_iter().map(|headers| Self { headers, ..self.clone() }).collect()
    }

    async fn send(&self, caller: &Caller) -> Answer {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        caller.send(self.method.clone(), &self.path, &headers, self.body.to_string()).await
    }
}

impl Victim {
    async fn new(stack: &Stack) -> Self {
        let caller = stack.acme.clone();
        let mut uuids = Vec::new();
        for number in 1..=6 {
            let answer = caller.send(Method::POST, CUSTOMERS, &[], Self::customer(number).to_string()).await;
            uuids.push(answer.data()["uuid"].as_str().unwrap().to_owned());
        }
        let once = [("idempotency-key", ONCE)];
        let body = Self::customer(7).to_string();
        uuids.push(
            caller.send(Method::POST, CUSTOMERS, &once, body).await.data()["uuid"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        let change = json!({"last_name": "Taken", "deleted_at": null}).to_string();
        caller.send(Method::PUT, &format!("{CUSTOMERS}/{}", uuids[5]), &once, change).await.expect(200);
        caller.delete(&format!("{CUSTOMERS}/{}", uuids[0])).await.expect(200);
        for document in [
            "mutation { createTag(input: {name: \"Quokka\"}) { id } }",
            "mutation { updateCustomer(id: \"cust_3\", input: {tagIds: [\"tag_001\"], quickbooksId: \"QB-12345\"}) { id } }",
        ] {
            let answer = caller.post("/graphql", &json!({ "query": document })).await.expect(200);
            assert!(answer.get("errors").is_none(), "{answer}");
        }
        let victim = Self { caller, uuids };
        victim.is_found_by_itself().await;
        // Walks with remembered ends, and a jump with a remembered start.
        for page in [1, 2, 3, 3] {
            victim.caller.get(&format!("{CUSTOMERS}?limit={LIMIT}&page={page}")).await.expect(200);
            victim.caller.get(&format!("{CUSTOMERS}?limit={LIMIT}&page={page}&search=own")).await.expect(200);
        }
        victim
    }

    /// What the victim keeps of a customer: words that nobody else has, and one that others have too.
    fn customer(number: usize) -> Value {
        json!({
            "first_name": "Own", "last_name": format!("Zanzibar{number}"), "company_name": "Quokka Ltd",
            "email": format!("zanzibar{number}@quokka.example"), "phone": format!("206-777-313{number}"),
            "billing_city": "Quokkaville", "billing_zip": "77313", "notes": "quokka",
        })
    }

    /// What the attacks ask for is there to be found: they fail for want of leave alone.
    async fn is_found_by_itself(&self) {
        for search in ["zanzibar3", "quokka", "206-777-3133", &self.uuids[2], &self.uuids[2][..8]] {
            let list = self.caller.get(&format!("{CUSTOMERS}?search={search}")).await.data();
            assert_ne!(list["pagination"]["total"], 0, "{search}");
        }
        self.caller.get(&format!("{CUSTOMERS}/{}", self.uuids[2].to_uppercase())).await.expect(200);
    }

    /// Every spelling of an id of the deleted customer and of another.
    fn ids(&self) -> Vec<String> {
        let tenant = self.caller.key.tenant();
        let spell = |(uuid, number): (&String, usize)| {
            let key = keys::customer(&tenant, uuid.parse().unwrap());
            let base64 = ["Q3VzdG9tZXI6MQ==", "Q3VzdG9tZXI6Mw=="][number / 2];
            [
                uuid.clone(),
                uuid.to_uppercase(),
                uuid.replace('-', ""),
                format!("{{{uuid}}}"),
                format!("urn:uuid:{uuid}"),
                format!(" {uuid}"),
                format!("{uuid}\0"),
                format!("cust_{number}"),
                number.to_string(),
                base64.to_owned(),
                format!("{}#{}", tenant.as_str(), uuid),
                format!("{}#{}", key.pk, key.sk),
                key.pk,
            ]
        };
        [(&self.uuids[0], 1), (&self.uuids[2], 3)].into_iter().flat_map(spell).collect()
    }

    /// Every question that a list can be asked about the victim's customers.
    fn queries(&self) -> Vec<String> {
        let words = [
            "zanzibar",
            "zanzibar3",
            "anzi",
            "quokka",
            "quo",
            "quokka.example",
            "3133",
            "206-777-3133",
            "77313",
        ];
        let partitions = ["T#acme#STATUS#ACTIVE", "T#acme#SEARCH#z", "acme", "z#", "zanzibar3#0000000003"];
        let searches = words.iter().chain(&partitions).map(ToString::to_string).chain(self.ids());
        let searches = searches.map(|text| format!("include_deleted=true&search={}", escaped(&text)));
        let cursors = self.ids().into_iter().chain((1..=9).map(|n| format!("cust_{n}")));
        let cursors =
            cursors.map(|cursor| format!("limit={LIMIT}&include_deleted=true&cursor={}", escaped(&cursor)));
        let pages = (1..=6).flat_map(|page| {
            ["", "&search=own", "&filter=residential"].map(|more| format!("limit={LIMIT}&page={page}{more}"))
        });
        let filters = partitions.iter().map(|filter| format!("filter={}", escaped(filter)));
        let tenants = ["tenant=acme", "filter=all&tenant_id=acme&limit=100"].map(str::to_owned);
        searches.chain(cursors).chain(pages).chain(filters).chain(tenants).collect()
    }

    /// Documents that ask for the victim's customers and tags by everything that names them. The first customers
    /// of both have the same numbers: what is done to `cust_3` is done to the sender's own.
    fn documents(&self) -> Vec<Value> {
        let ids = self.ids().into_iter().map(|id| json!(id));
        let one = "query($v: ID) { customer(selector: {id: $v}) { email phone tags { name } } }";
        let update =
            "mutation($v: ID!) { updateCustomer(id: $v, input: {lastName: \"Taken\"}) { id email } }";
        let bulk = "mutation($v: ID!) { bulkUpdateCustomers(input: {ids: [$v], update: {status: LEAD}}) \
                    { errors { id message } } }";
        let tag = "mutation($v: ID!) { updateTag(id: $v, input: {name: \"Taken\"}) { name } }";
        let words =
            ["zanzibar3", "quokka", "77313", "tag_001", "#tag_001", "QB-12345"].map(|word| json!(word));
        let by_word = [
            "query($v: String) { infiniteCustomers(first: 100, search: $v) { edges { node { email } } } }",
            "query($v: String) { infiniteCustomers(first: 100, filter: {city: $v}) { edges { node { email } } } }",
            "query($v: String) { customer(selector: {email: $v}) { email } }",
            "query($v: String) { customer(selector: {quickbooksId: $v}) { email } }",
            "query($v: ID!) { infiniteCustomers(first: 100, filter: {tagIds: [$v]}) { edges { node { email } } } }",
        ];
        let mut documents: Vec<Value> = Vec::new();
        let mut add = |query: &str, value: &Value| {
            // An id as it is written would show in the answer because it was sent.
            documents.push(json!({"query": query, "variables": {"v": value}}));
        };
        for id in ids {
            for query in [one, update, tag] {
                add(query, &id);
            }
        }
        add(bulk, &json!("cust_3"));
        for query in by_word {
            for word in words.iter().chain([&json!("zanzibar3@quokka.example"), &json!("Quokkaville")]) {
                add(query, word);
            }
        }
        add("{ tags { name } }", &Value::Null);
        add("mutation { deleteTag(id: \"tag_001\") }", &Value::Null);
        documents
    }

    /// Bodies that name what is not the sender's.
    fn bodies(&self) -> Vec<Value> {
        let own = json!({"first_name": "Own", "last_name": "Body"});
        let with = |more: Value| {
            let mut body = own.clone();
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let key = keys::customer(&self.caller.key.tenant(), self.uuids[2].parse().unwrap());
        vec![
            own.clone(),
            with(json!({"uuid": self.uuids[2], "id": "cust_3", "number": 3})),
            with(json!({"tenant": self.caller.key.tenant().as_str(), "pk": key.pk, "sk": key.sk})),
        ]
    }

    /// Nothing that only the victim has is in this answer.
    #[track_caller]
    fn check_unseen(&self, answer: &Answer, attack: &Attack) {
        let seen = format!("{answer:?}").to_lowercase();
        let words = ["zanzibar", "quokka", "206-777"].map(str::to_owned);
        for secret in self.uuids.iter().chain(&words) {
            assert!(!seen.contains(secret.as_str()), "{secret} is shown to {attack:?}: {answer:#?}");
        }
    }
}

/// Items by their keys.
type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// Every item of the table but those whose partition begins so.
async fn items_outside(stack: &Stack, prefix: &str) -> Items {
    let mut items = BTreeMap::new();
    let scan = stack.client.scan().table_name(&stack.table).consistent_read(true);
    let mut pages = scan.into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let key = |name: &str| item[name].as_s().unwrap().clone();
        let (pk, sk) = (key(attribute::PK), key(attribute::SK));
        if !pk.starts_with(prefix) {
            items.insert((pk, sk), item);
        }
    }
    items
}

#[track_caller]
fn check_same(before: &Items, after: &Items, context: &str) {
    let differs = |key: &&(String, String)| before.get(*key) != after.get(*key);
    let changed: Vec<_> = before.keys().chain(after.keys()).filter(differs).collect();
    assert!(changed.is_empty(), "{context} changed {changed:?}");
}

/// A text as it stands in a URL, every byte escaped.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
