//! Tests of the keys: each value written into a key can be read from it, and prices sort by product and day.

use proptest::prelude::*;

use super::*;
use crate::model::{CounterCell, CustomerNumber, Mode, PriceOwner, ProductId, Tenant};

fn acme() -> Tenant {
    Tenant::new(&"acme".parse().unwrap(), Mode::Live)
}

#[test]
fn values_written_into_a_key_are_read_back() {
    let number = CustomerNumber::new(456).unwrap();
    let uuid = acme().customer_uuid(number);
    assert_eq!(customer_uuid(&customer(&acme(), uuid).pk), Some(uuid));
    assert_eq!(search_number(&search_sort("smith", number)), Some(number));
    assert_eq!(search_number(&value_sort("ann b", 456)), Some(number));
    assert_eq!(search_value(&value_sort("ann b", 456)), Some("ann b"));
    assert_eq!(slot_of(&slot(&acme(), Slot::new(63)).sk), Some(Slot::new(63)));
    assert_eq!(slot_of(&epoch(&acme()).sk), None);
    let block = RankBlock::of(CustomerNumber::new(2047).unwrap());
    assert_eq!((block.first_number(), block.last_number()), (1024, 2047));
    assert_eq!(rank_block(&rank(&acme(), block, Slot::new(17)).sk), Some(block));
    assert_eq!(rank(&acme(), block, Slot::new(17)).sk, "0000001#01");
    assert_eq!(log_seq(&log_entry(&acme(), Slot::new(7), 12).sk), Some(12));
    assert_eq!(log_partition(&acme(), Slot::new(7)), "T#acme#LOG#07");
}

#[test]
fn every_cell_has_its_own_counter() {
    let names: std::collections::BTreeSet<String> = CounterCell::all().map(cell_attribute).collect();
    assert_eq!(names.len(), 24);
    assert!(names.contains("LCvd"));
    assert!(CounterCell::all().all(|cell| cell_of(&cell_attribute(cell)) == Some(cell)));
    for other in ["", "pk", "seq", "AR-", "AR---", "XR--", "AX--", "ARd-", "AR-v", "ÄR-"] {
        assert_eq!(cell_of(other), None, "{other}");
    }
}

#[test]
fn sandbox_shares_no_partition_with_the_live_tenant() {
    let sandbox = Tenant::new(&"acme".parse().unwrap(), Mode::Test);
    assert_ne!(slots_partition(&acme()), slots_partition(&sandbox));
    assert_eq!(slots_partition(&sandbox), "T#acme+test#SLOTS");
}

/// Ids from a small alphabet, so that one is often a prefix of another.
const PRODUCT: &str = "[ !\"#$%&a0é💧]{1,6}|[^\\p{Cc}]{1,64}";

fn product(text: &str) -> Option<ProductId> {
    text.parse().ok()
}

proptest! {
    #[test]
    fn prices_sort_by_product_and_then_by_day(
        one in PRODUCT.prop_filter_map("blank", |text| product(&text)),
        other in PRODUCT.prop_filter_map("blank", |text| product(&text)),
        days in prop::array::uniform2(prop::option::of((0_i64..40_000).prop_map(|day| {
            crate::model::Timestamp::from_millis(day * 86_400_000).date()
        }))),
    ) {
        let key = |product: &ProductId, day| price(&acme(), PriceOwner::List, product, day).sk;
        let keys = [key(&one, days[0]), key(&other, days[1])];
        prop_assert_eq!(keys[0].cmp(&keys[1]), (&one, days[0]).cmp(&(&other, days[1])));
        prop_assert_eq!(price_product(&keys[0]), Some(one));
        prop_assert!(keys[0].len() <= 1024);
    }
}

#[test]
fn sort_keys_of_other_items_have_no_product() {
    for invalid in ["TERM#a#", "PRICE#a", "PRICE#a$9#", "PRICE#a$#", "PRICE##"] {
        assert_eq!(price_product(invalid), None, "{invalid}");
    }
}
