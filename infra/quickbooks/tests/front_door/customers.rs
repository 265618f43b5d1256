//! Customers, vendors and employees: names, fields, versions, deactivation, parents.

use serde_json::{Value, json};

use crate::client::Client;

#[tokio::test]
async fn full_update_clears_omitted_fields_and_sparse_update_keeps_them() {
    let client = Client::start().await;
    let created = client
        .save(
            "Customer",
            json!({ "DisplayName": "Ann", "Notes": "n", "CompanyName": "c", "GivenName": "Ann" }),
        )
        .await;
    assert_eq!((&created["SyncToken"], &created["sparse"]), (&json!("0"), &json!(false)));
    let id = &created["Id"];
    let sparse = json!({ "Id": id, "SyncToken": "0", "sparse": true, "Notes": "other" });
    let sparse = client.save("Customer", sparse).await;
    assert_eq!((&sparse["Notes"], &sparse["CompanyName"]), (&json!("other"), &json!("c")));
    let full = client.save("Customer", json!({ "Id": id, "SyncToken": "1", "DisplayName": "Ann" })).await;
    assert_eq!(full["SyncToken"], "2");
    for cleared in ["Notes", "CompanyName", "GivenName"] {
        assert_eq!(full.get(cleared), None, "{cleared}");
    }
    assert_eq!((&full["PrintOnCheckName"], &full["Active"]), (&json!("Ann"), &json!(true)));
    assert_eq!(client.read("Customer", id).await, full);
}

#[tokio::test]
async fn stale_missing_and_unknown_versions_are_refused() {
    let client = Client::start().await;
    let id = client.save("Customer", json!({ "DisplayName": "Ann" })).await["Id"].clone();
    client.save("Customer", json!({ "Id": id, "SyncToken": "0", "sparse": true, "Notes": "1" })).await;
    for (token, code) in [(json!("0"), "5010"), (json!("7"), "5010"), (json!(null), "2020")] {
        let update = json!({ "Id": id, "SyncToken": token, "sparse": true, "Notes": "2" });
        assert_eq!(client.refused("Customer", update).await, code);
    }
    let unknown = json!({ "Id": "4711", "SyncToken": "0", "sparse": true });
    assert_eq!(client.refused("Customer", unknown).await, "610");
    assert_eq!(client.get("customer/4711").await.code(), "610");
    assert_eq!(client.read("Customer", &id).await["Notes"], "1");
}

#[tokio::test]
async fn names_are_unique_across_customers_vendors_and_employees() {
    let client = Client::start().await;
    client.save("Vendor", json!({ "DisplayName": "Gulf Tiles" })).await;
    client.save("Employee", json!({ "GivenName": "Max", "FamilyName": "Ernst" })).await;
    for name in ["Gulf Tiles", "gulf tiles", " GULF TILES ", "max ernst"] {
        assert_eq!(client.refused("Customer", json!({ "DisplayName": name })).await, "6240", "{name}");
    }
    client.switch("display_name_comparison", json!("exact")).await;
    client.save("Customer", json!({ "DisplayName": "gulf tiles" })).await;
    assert_eq!(client.refused("Customer", json!({ "DisplayName": "Gulf Tiles" })).await, "6240");
}

#[tokio::test]
async fn display_name_is_built_from_the_parts_of_the_name() {
    let client = Client::start().await;
    let parts =
        json!({ "Title": "Dr", "GivenName": "Ada", "MiddleName": "K", "FamilyName": "Lind", "Suffix": "Jr" });
    assert_eq!(client.save("Customer", parts).await["DisplayName"], "Dr Ada K Lind Jr");
    assert_eq!(client.refused("Customer", json!({ "CompanyName": "Only" })).await, "6080");
}

#[tokio::test]
async fn forbidden_characters_lengths_and_words_have_their_codes() {
    let client = Client::start().await;
    let with = |field: &str, value: Value| {
        let mut object = json!({ "DisplayName": "Ann" });
        object[field] = value;
        object
    };
    for (field, value, code) in [
        ("DisplayName", json!("Rob:Barnett"), "2040"),
        ("GivenName", json!("a\tb"), "2040"),
        ("FamilyName", json!("a\nb"), "2040"),
        ("Suffix", json!("x".repeat(17)), "2050"),
        ("DisplayName", json!("x".repeat(501)), "2050"),
        ("Notes", json!("x".repeat(2001)), "2050"),
        ("PrimaryPhone", json!({ "FreeFormNumber": "1".repeat(31) }), "2050"),
        ("BillAddr", json!({ "City": "x".repeat(256) }), "2050"),
        ("PreferredDeliveryMethod", json!("Pigeon"), "2170"),
        ("PrimaryEmailAddr", json!({ "Address": "nowhere" }), "2210"),
        ("SalesTermRef", json!({ "value": "99" }), "2500"),
        ("Taxable", json!("perhaps"), "2030"),
        ("Nonsense", json!("x"), "2010"),
    ] {
        assert_eq!(client.refused("Customer", with(field, value.clone())).await, code, "{field} {value}");
    }
    let ok = client.save("Customer", with("Notes", json!("x".repeat(2000)))).await;
    assert_eq!(ok["Notes"].as_str().unwrap().len(), 2000);
}

#[tokio::test]
async fn tax_identifiers_are_masked_and_a_written_mask_replaces_them() {
    let client = Client::start().await;
    let object = json!({ "DisplayName": "Ann", "PrimaryTaxIdentifier": "123-45-6789" });
    let created = client.save("Customer", object).await;
    assert_eq!(created["PrimaryTaxIdentifier"], "XXXXXX56789");
    let mask = created["PrimaryTaxIdentifier"].clone();
    let update =
        json!({ "Id": created["Id"], "SyncToken": "0", "sparse": true, "PrimaryTaxIdentifier": mask });
    client.save("Customer", update).await;
    let state = client.stand_in.lock();
    let id = created["Id"].as_str().unwrap().parse().unwrap();
    let stored = state.company.get(clientele_infra_quickbooks::entities::Kind::Customer, id).unwrap();
    assert_eq!(stored.object.text("PrimaryTaxIdentifier"), Some("XXXXXX56789"));
}

#[tokio::test]
async fn deactivated_customers_get_the_suffix_and_free_their_name() {
    let client = Client::start().await;
    let ann = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    let inactive = json!({ "Id": ann["Id"], "SyncToken": "0", "sparse": true, "Active": false });
    let inactive = client.save("Customer", inactive).await;
    assert_eq!((&inactive["DisplayName"], &inactive["Active"]), (&json!("Ann (deleted)"), &json!(false)));
    let second = client.save("Customer", json!({ "DisplayName": "Ann" })).await;
    let reactivate = json!({ "Id": ann["Id"], "SyncToken": "1", "sparse": true, "Active": true });
    assert_eq!(client.refused("Customer", reactivate.clone()).await, "6240");
    client
        .save("Customer", json!({ "Id": second["Id"], "SyncToken": "0", "sparse": true, "DisplayName": "B" }))
        .await;
    assert_eq!(client.save("Customer", reactivate).await["DisplayName"], "Ann");
    let delete = client.post("customer?operation=delete", json!({ "Id": ann["Id"], "SyncToken": "2" })).await;
    assert_eq!((delete.status, delete.code().as_str()), (400, "500"));
}

#[tokio::test]
async fn sub_customers_have_levels_and_full_names_that_follow_their_parents() {
    let client = Client::start().await;
    let child = |parent: &Value, name: &str| {
        let parent = json!({ "value": parent["Id"] });
        json!({ "DisplayName": name, "Job": true, "ParentRef": parent })
    };
    let top = client.save("Customer", json!({ "DisplayName": "Top" })).await;
    let mut parent = top.clone();
    for level in 1..=4 {
        parent = client.save("Customer", child(&parent, &format!("L{level}"))).await;
        assert_eq!(parent["Level"], level);
    }
    assert_eq!(parent["FullyQualifiedName"], "Top:L1:L2:L3:L4");
    assert_eq!(client.refused("Customer", child(&parent, "L5")).await, "700");
    assert_eq!(client.refused("Customer", json!({ "DisplayName": "No parent", "Job": true })).await, "2020");
    client
        .save("Customer", json!({ "Id": top["Id"], "SyncToken": "0", "sparse": true, "DisplayName": "New" }))
        .await;
    assert_eq!(client.read("Customer", &parent["Id"]).await["FullyQualifiedName"], "New:L1:L2:L3:L4");
    let mut looped = child(&parent, "New");
    looped["Id"] = top["Id"].clone();
    looped["SyncToken"] = json!("1");
    assert_eq!(client.refused("Customer", looped).await, "900");
}

#[tokio::test]
async fn opening_balance_becomes_an_invoice_and_is_ignored_on_update() {
    let client = Client::start().await;
    let object = json!({ "DisplayName": "Ann", "Balance": 12.5, "OpenBalanceDate": "2026-01-02" });
    let created = client.save("Customer", object).await;
    assert_eq!((&created["Balance"], &created["BalanceWithJobs"]), (&json!(12.5), &json!(12.5)));
    let query = format!("select * from Invoice where CustomerRef = '{}'", created["Id"].as_str().unwrap());
    let invoice = client.query(&query).await.json()["QueryResponse"]["Invoice"][0].clone();
    assert_eq!((&invoice["TotalAmt"], &invoice["TxnDate"]), (&json!(12.5), &json!("2026-01-02")));
    let update =
        json!({ "Id": created["Id"], "SyncToken": created["SyncToken"], "sparse": true, "Balance": 99 });
    assert_eq!(client.save("Customer", update).await["Balance"], 12.5);
}

#[tokio::test]
async fn names_that_the_server_builds_stay_within_the_maximum() {
    let client = Client::start().await;
    let longest = "x".repeat(500);
    let ann = client.save("Customer", json!({ "DisplayName": longest })).await;
    assert_eq!(ann["PrintOnCheckName"], "x".repeat(110));
    // The whole object can be written back.
    let ann = client.save("Customer", ann).await;
    let active = |token: &Value, active: bool| json!({ "Id": ann["Id"], "SyncToken": token, "sparse": true, "Active": active });
    let inactive = client.save("Customer", active(&ann["SyncToken"], false)).await;
    assert_eq!(inactive["DisplayName"], format!("{} (deleted)", "x".repeat(490)));
    let restored = client.save("Customer", active(&inactive["SyncToken"], true)).await;
    assert_eq!(restored["DisplayName"], "x".repeat(490));
    client.switch("display_name_max", json!(100)).await;
    let parts = json!({ "GivenName": "x".repeat(60), "FamilyName": "y".repeat(60) });
    assert_eq!(client.refused("Customer", parts).await, "2050");
}

#[tokio::test]
async fn reactivation_removes_only_the_suffix() {
    let client = Client::start().await;
    client.switch("deleted_suffix", json!(false)).await;
    let name = "Ann (deleted) & Co";
    let ann = client.save("Customer", json!({ "DisplayName": name })).await;
    for (token, active) in [("0", false), ("1", true)] {
        let update = json!({ "Id": ann["Id"], "SyncToken": token, "sparse": true, "Active": active });
        assert_eq!(client.save("Customer", update).await["DisplayName"], name);
    }
}
