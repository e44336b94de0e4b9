//! What the project may depend on: permissive licences, and one of each kind of thing.
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail, and say why")]

use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// Every package that is built on this machine.
fn everything() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc says who it is");
    let rustc = String::from_utf8(rustc.stdout).expect("rustc writes UTF-8");
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc knows its host");
    let options = ["--offline".to_owned(), "--filter-platform".to_owned(), host.to_owned()];
    MetadataCommand::new().other_options(options).exec().expect("cargo metadata")
}

/// A choice (`OR`, `/`) is fine if one side is; all sides of an `AND` must be.
fn is_permissive(licence: &str) -> bool {
    const FINE: [&str; 12] = [
        "MIT",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "Zlib",
        "0BSD",
        "Unicode-3.0",
        "CC0-1.0",
        "CDLA-Permissive-2.0",
        "BSL-1.0",
    ];
    let plain = licence.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|choice| FINE.contains(&choice.trim())))
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    for package in everything().packages {
        // Its licence is in a file: MIT.
        if package.name.as_str() == "apalis-postgres" {
            continue;
        }
        let licence = package.license.as_deref().unwrap_or("none");
        assert!(is_permissive(licence), "{} comes under {licence}", package.name);
    }
}

#[test]
fn copyleft_is_refused() {
    for licence in ["GPL-3.0", "AGPL-3.0-only", "MPL-2.0", "MIT AND LGPL-3.0", "none"] {
        assert!(!is_permissive(licence), "{licence}");
    }
    assert!(is_permissive("GPL-2.0 OR MIT") && is_permissive("(MIT OR Apache-2.0) AND Unicode-3.0"));
}

#[test]
fn there_is_one_of_each() {
    let packages = everything().packages;
    let versions = |name: &str| packages.iter().filter(|package| package.name.as_str() == name).count();
    for name in ["sqlx", "sqlx-core", "tokio", "rustls", "ring", "chrono", "uuid", "actix-web"] {
        assert_eq!(versions(name), 1, "{name} is there more than once, or not at all");
    }
    for name in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "async-std", "smol", "jiff"] {
        assert_eq!(versions(name), 0, "{name}: there is another of its kind already");
    }
}
