//! The names of metrics: each that the program sets is described, and has the form that decision 68
//! asks for.

use std::collections::BTreeSet;

use crate::{read, root, rust_files};

/// The file that describes every metric.
const DESCRIBED: &str = "app/src/runtime/metric_help.rs";
/// What stands before a name where a metric is set, and before a name that is described.
const SET: [&str; 2] = ["!(\"piecework_", "set_age(\"piecework_"];
const HELP: [&str; 1] = ["(\"piecework_"];

/// The names behind one of the `marks`, without their common beginning.
fn names(text: &str, marks: &[&str]) -> BTreeSet<String> {
    let behind = marks.iter().flat_map(|mark| text.split(mark).skip(1));
    behind.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn every_metric_is_described_and_each_description_has_a_metric() {
    let folders = ["app/src", "modules"].map(|folder| root().join(folder));
    let files = folders.iter().flat_map(|folder| rust_files(folder));
    let others = files.filter(|path| !path.ends_with(DESCRIBED));
    let set: BTreeSet<String> = others.flat_map(|path| names(&read(&path), &SET)).collect();
    let described = names(&read(&root().join(DESCRIBED)), &HELP);
    assert!(set.len() > 25, "the metrics are found: {set:?}");
    assert_eq!(set, described);
}

#[test]
fn a_name_ends_with_its_unit() {
    let text = read(&root().join(DESCRIBED));
    let counters = text.split("const GAUGES").next().expect("the counters come first");
    for name in names(counters, &HELP) {
        assert!(name.ends_with("_total"), "the counter {name} does not end with _total");
    }
    for name in names(&text, &HELP).difference(&names(counters, &HELP)) {
        assert!(!name.ends_with("_total"), "{name} is no counter");
        for unit in ["_ms", "_s", "_second", "_minutes", "_kb", "_kilobytes", "_time"] {
            assert!(!name.ends_with(unit), "{name} has no base unit of Prometheus");
        }
    }
}

#[test]
fn a_name_is_found_where_it_is_set() {
    let text = "metrics::gauge!(\"piecework_one\", \"a\" => b).set(1.0); set_age(\"piecework_two\", None)";
    assert_eq!(names(text, &SET), ["one", "two"].map(str::to_owned).into());
}
