//! The rules for dependencies: permissive licences, and one library for each purpose.
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail and say why")]

use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// Every package that is built for this machine.
fn packages_for_host() -> Metadata {
    let rustc = Command::new("rustc").arg("-vV").output().expect("rustc prints its version");
    let rustc = String::from_utf8(rustc.stdout).expect("rustc writes UTF-8");
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc prints its host");
    let options = ["--offline".to_owned(), "--filter-platform".to_owned(), host.to_owned()];
    MetadataCommand::new().other_options(options).exec().expect("cargo metadata")
}

/// Of a choice (`OR`, `/`), one side must be permissive. Of an `AND`, all sides must be.
fn is_permissive(licence: &str) -> bool {
    const PERMISSIVE: [&str; 13] = [
        "MIT",
        "MIT-0",
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
    plain.split(" AND ").all(|part| part.split(" OR ").any(|choice| PERMISSIVE.contains(&choice.trim())))
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    for package in packages_for_host().packages {
        // Its licence is in a file only: MIT.
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
fn there_is_one_library_for_each_purpose() {
    let packages = packages_for_host().packages;
    let versions = |name: &str| packages.iter().filter(|package| package.name.as_str() == name).count();
    for name in ["sqlx", "sqlx-core", "tokio", "rustls", "ring", "chrono", "uuid", "actix-web"] {
        assert_eq!(versions(name), 1, "{name} must exist in exactly one version");
    }
    for name in
        ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "async-std", "smol", "jiff", "tonic"]
    {
        assert_eq!(versions(name), 0, "{name} must not be used: another library has its purpose");
    }
}
