//! No request reads or changes another tenant's records, whatever id, cursor or key it sends. Every route is
//! called with every identifier of the other tenant's records, and the table is compared before and after.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};

use clientele_infra::local::routes::{Route, Routes, TEMPLATE};
use clientele_shared::model::Mode;
use clientele_shared::table::keys::{self, attribute};

use crate::support::{By, Caller, Response, Stack, walk};

const CUSTOMERS: &str = "/api/v1/customers";

/// The idempotency key with which the victim created a customer and updated another.
const VICTIM_KEY: &str = "order-17";

/// Page size of the victim's walks.
const LIMIT: usize = 2;

/// A tenant with customers, one of them deleted.
struct Victim {
    caller: Caller,
    /// The uuids in ascending order of number; the first customer is deleted.
    uuids: Vec<String>,
}

/// One request of another caller.
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
async fn sandbox_of_the_same_tenant_sees_and_changes_nothing() {
    let stack = Stack::start().await;
    let victim = Victim::new(&stack).await;
    attack_every_route(&stack, &victim, stack.caller("acme", Mode::Test, "read,write,export").await).await;
}

#[tokio::test]
async fn live_keys_see_and_change_nothing_in_the_sandbox() {
    let mut stack = Stack::start().await;
    let sandbox = stack.caller("acme", Mode::Test, "read,write").await;
    let live = std::mem::replace(&mut stack.acme, sandbox);
    let victim = Victim::new(&stack).await;
    attack_every_route(&stack, &victim, live).await;
}

#[tokio::test]
async fn texts_derived_from_an_api_key_do_not_authenticate() {
    let stack = Stack::start().await;
    let victim = Victim::new(&stack).await;
    let before = items_outside(&stack, "no such prefix").await;
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
                let response =
                    stack.anonymous(attack.method.clone(), &attack.path, &[("x-api-key", secret)]).await;
                assert_eq!(response.status, 401, "{attack:?}");
                victim.check_unseen(&response, &attack);
            }
        }
    }
    check_same(&before, &items_outside(&stack, "no such prefix").await, "a request without a valid key");
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
            let response = attack.send(&attacker).await;
            assert!(response.status.as_u16() < 500, "{attack:?}: {response:#?}");
            victim.check_unseen(&response, &attack);
            if route.path.contains("{uuid}") {
                // Exactly as for an id that does not exist.
                assert_eq!(response.error(404), "Customer not found", "{attack:?}");
            }
        }
        check_same(&before, &items_outside(stack, &own).await, &format!("{route:?}"));
    }
}

/// Returns every route of the template.
fn routes() -> Vec<Route> {
    Routes::read(TEMPLATE).unwrap().all().collect()
}

/// Returns every way to request the victim's data from a route.
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
        function if function.starts_with("erp-") => erp_attacks(route, victim),
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
        "funnels-graphql" if route.method == "GET" => {
            let query = escaped("{ customers(query: \"\", first: 250) { edges { node { id email } } } }");
            vec![attack(format!("{}?query={query}", route.path))]
        }
        "funnels-graphql" => crate::funnels::documents_with(&victim.ids())
            .into_iter()
            .flat_map(|body| Attack { body, ..attack(route.path.clone()) }.with_conditions())
            .collect(),
        "pool-customer-export" | "pool-pricing-export" => file_attacks(route, &attack),
        "quickbooks-webhook" => vec![forged_delivery(attack(route.path.clone()))],
        other => panic!("{other} has a route but no case in tests/guarantees/tenants.rs"),
    }
}

/// Returns a delivery of QuickBooks that another tenant sends. It cannot be signed.
fn forged_delivery(attack: Attack) -> Attack {
    let event = json!({"type": "qbo.customer.updated.v1", "intuitentityid": "1", "intuitaccountid": "1"});
    Attack { headers: vec![("intuit-signature", "A".repeat(44))], body: json!([event]), ..attack }
}

/// Returns every way to request the victim's data from a route with a file.
fn file_attacks(route: &Route, attack: &dyn Fn(String) -> Attack) -> Vec<Attack> {
    let queries = ["", "?status=ACTIVE", "?search=quokka", "?status=active&search=cust_3"];
    let ids = ["cust_1", "cust_3", "cust_7", "cust_8"];
    match route.path.contains("{id}") {
        true => ids.map(|id| attack(route.path.replace("{id}", id))).to_vec(),
        false => queries.map(|query| attack(format!("{}{query}", route.path))).to_vec(),
    }
}

/// Returns every way to request the victim's data from a route of the erp dialect.
fn erp_attacks(route: &Route, victim: &Victim) -> Vec<Attack> {
    let method: Method = route.method.parse().unwrap();
    let attack = |path: String, body: &Value| Attack {
        method: method.clone(),
        path,
        headers: Vec::new(),
        body: body.clone(),
    };
    let each_id = |body: Value| -> Vec<Attack> {
        let path = |id: &str| route.path.replace("{id}", &escaped(id)).replace("{contact_id}", "cont_1");
        let plain = victim.ids().into_iter().map(|id| attack(path(&id), &body));
        plain.chain(attack(path("cust_3"), &body).with_conditions()).collect()
    };
    match route.function.as_str() {
        "erp-customer-list" => {
            let queries = victim.queries().into_iter();
            queries.map(|query| attack(format!("{}?{query}", route.path), &Value::Null)).collect()
        }
        "erp-customer-create" => {
            let body = json!({"name": "Taken", "id": "cust_3", "contacts": [{"name": "Own"}]});
            attack(route.path.clone(), &body).with_conditions()
        }
        "erp-customer-get" | "erp-contact-delete" | "erp-credit-check" | "erp-order-list"
        | "erp-analytics-get" => each_id(Value::Null),
        "erp-customer-update" => each_id(json!({"name": "Taken", "id": "cust_1"})),
        "erp-contact-create" | "erp-contact-update" => {
            each_id(json!({"name": "Taken", "customer_id": "cust_1"}))
        }
        other => panic!("{other} has a route but no case in tests/guarantees/tenants.rs"),
    }
}

impl Attack {
    /// Returns this request without further headers, and with each header that can make a difference.
    fn with_conditions(self) -> Vec<Self> {
        let headers = [
            vec![],
            vec![("idempotency-key", VICTIM_KEY.to_owned())],
            vec![("if-match", "\"1\"".to_owned())],
            vec![("if-match", "*".to_owned())],
            vec![("if-none-match", "\"1\"".to_owned())],
            vec![("x-tenant", "acme".to_owned()), ("x-forwarded-for", "acme".to_owned())],
        ];
        headers.into_iter().map(|headers| Self { headers, ..self.clone() }).collect()
    }

    async fn send(&self, caller: &Caller) -> Response {
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
            let response =
                caller.send(Method::POST, CUSTOMERS, &[], Self::customer(number).to_string()).await;
            uuids.push(response.data()["uuid"].as_str().unwrap().to_owned());
        }
        let key_header = [("idempotency-key", VICTIM_KEY)];
        let body = Self::customer(7).to_string();
        uuids.push(
            caller.send(Method::POST, CUSTOMERS, &key_header, body).await.data()["uuid"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        let change = json!({"last_name": "Taken", "deleted_at": null}).to_string();
        caller.send(Method::PUT, &format!("{CUSTOMERS}/{}", uuids[5]), &key_header, change).await.expect(200);
        caller.delete(&format!("{CUSTOMERS}/{}", uuids[0])).await.expect(200);
        for document in [
            "mutation { createTag(input: {name: \"Quokka\"}) { id } }",
            "mutation { updateCustomer(id: \"cust_3\", input: {tagIds: [\"tag_001\"], quickbooksId: \"QB-12345\"}) { id } }",
        ] {
            let response = caller.post("/graphql", &json!({ "query": document })).await.expect(200);
            assert!(response.get("errors").is_none(), "{response}");
        }
        let contact = json!({"name": "Quokka Contact"});
        caller.post("/api/customers/cust_3/contacts", &contact).await.expect(201);
        let victim = Self { caller, uuids };
        victim.check_own_access().await;
        // Walks with saved ends, and a jump with a saved start.
        for page in [1, 2, 3, 3] {
            victim.caller.get(&format!("{CUSTOMERS}?limit={LIMIT}&page={page}")).await.expect(200);
            victim.caller.get(&format!("{CUSTOMERS}?limit={LIMIT}&page={page}&search=own")).await.expect(200);
        }
        victim
    }

    /// Returns a customer of the victim, with words that no other tenant has and one that others have too.
    fn customer(number: usize) -> Value {
        json!({
            "first_name": "Own", "last_name": format!("Zanzibar{number}"), "company_name": "Quokka Ltd",
            "email": format!("zanzibar{number}@quokka.example"), "phone": format!("206-777-313{number}"),
            "billing_city": "Quokkaville", "billing_zip": "77313", "notes": "quokka",
        })
    }

    /// Checks that the victim finds what the attacks request, so that only a lack of permission stops them.
    async fn check_own_access(&self) {
        for search in ["zanzibar3", "quokka", "206-777-3133", &self.uuids[2], &self.uuids[2][..8]] {
            let list = self.caller.get(&format!("{CUSTOMERS}?search={search}")).await.data();
            assert_ne!(list["pagination"]["total"], 0, "{search}");
        }
        self.caller.get(&format!("{CUSTOMERS}/{}", self.uuids[2].to_uppercase())).await.expect(200);
    }

    /// Returns the ids of the deleted customer and of another one, in every format.
    fn ids(&self) -> Vec<String> {
        let tenant = self.caller.key.tenant();
        let formats = |(uuid, number): (&String, usize)| {
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
        [(&self.uuids[0], 1), (&self.uuids[2], 3)].into_iter().flat_map(formats).collect()
    }

    /// Returns every list query that could find the victim's customers.
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

    /// Returns documents that request the victim's customers and tags by every identifier. The first
    /// customers of both tenants have the same numbers, so a change to `cust_3` changes the attacker's own
    /// customer.
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
            // A variable, because an error message can quote an id that is part of the document.
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

    /// Returns bodies that name records of the victim.
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

    /// Checks that a response contains nothing that only the victim has.
    #[track_caller]
    fn check_unseen(&self, response: &Response, attack: &Attack) {
        let seen = format!("{response:?}").to_lowercase();
        let words = ["zanzibar", "quokka", "206-777"].map(str::to_owned);
        for secret in self.uuids.iter().chain(&words) {
            assert!(!seen.contains(secret.as_str()), "{secret} is shown to {attack:?}: {response:#?}");
        }
    }
}

/// Items by key.
type Items = BTreeMap<(String, String), HashMap<String, AttributeValue>>;

/// Returns every item of the table except those whose partition key starts with `prefix`.
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

/// Returns a text with every byte percent-encoded.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
