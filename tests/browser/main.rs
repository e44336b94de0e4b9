//! The stories of the web frontend in a real browser: Playwright drives chromium.
//!
//! Without node, chromium or the packages (`npm ci` in `tests/browser`) they are left out, and this
//! says so. If `PIECEWORK_REQUIRE_BROWSER` is 1, that is a failure instead.

use std::path::Path;
use std::process::Command;

/// If it is `1`, a missing browser fails the test.
const REQUIRE_VARIABLE: &str = "PIECEWORK_REQUIRE_BROWSER";
const CHROMIUM: &str = "/usr/bin/chromium";

#[test]
fn people_work_with_the_pages_in_a_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser");
    let playwright = folder.join("node_modules/@playwright/test/cli.js");
    let node = Command::new("node").arg("--version").output();
    if node.is_err() || !playwright.is_file() || !Path::new(CHROMIUM).is_file() {
        leave_out(&folder);
        return;
    }
    let status = Command::new("node")
        .arg(&playwright)
        .arg("test")
        .current_dir(&folder)
        .env("PIECEWORK_BINARY", env!("CARGO_BIN_EXE_piecework"))
        .status()
        .expect("node starts");
    assert!(status.success(), "a story failed; Playwright says above which one");
}

#[expect(clippy::disallowed_methods, reason = "a variable for the tests is not a setting of the program")]
fn leave_out(folder: &Path) {
    assert!(
        std::env::var(REQUIRE_VARIABLE).map_or(true, |required| required != "1"),
        "{REQUIRE_VARIABLE} is 1, but there is no node, no {CHROMIUM}, or no Playwright: run `npm ci` in {}",
        folder.display()
    );
    harness::say_not_tested("the pages in a browser. Install node and chromium, and run `npm ci` in tests/browser");
}
