//! Embeds the web frontend: writes a table of all files of `ui/dist`, compressed. It runs no other
//! program and uses no network; `npm run build` in `app/ui` makes these files.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// The folder of the built frontend, below the folder of this crate.
const DIST: &str = "ui/dist";
/// The page itself. It is not in the table, because each answer fills in its placeholders.
const PAGE: &str = "index.html";
/// The folder of all other files. Their names contain a digest, so that browsers keep them.
const ASSETS: &str = "assets/";
/// The page contains each of them.
const PLACEHOLDERS: [&str; 2] = ["__CSP_NONCE__", "__PIECEWORK_VERSION__"];
/// The content type of each extension that the frontend may use.
const CONTENT_TYPES: [(&str, &str); 9] = [
    ("css", "text/css; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("png", "image/png"),
    ("svg", "image/svg+xml; charset=utf-8"),
    ("txt", "text/plain; charset=utf-8"),
    ("webmanifest", "application/manifest+json"),
    ("woff2", "font/woff2"),
];
/// The highest level, because the first load of a page has a limit. Level 9 is ten times as fast,
/// and its files are 8 percent larger.
const BROTLI_LEVEL: u32 = 11;
/// The base-2 logarithm of the size of brotli's window: the largest that every browser supports.
const BROTLI_WINDOW_BITS: u32 = 22;
/// Size of brotli's buffer.
const BUFFER_BYTES: usize = 64 * 1024;
/// Number of bytes of a digest that an ETag and the version contain.
const DIGEST_BYTES: usize = 8;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DIST}");
    if let Err(reason) = embed() {
        println!("cargo::error={reason}");
    }
}

/// Writes `pages.rs` and the compressed files into the output folder.
fn embed() -> Result<(), String> {
    let dist = Path::new(&variable("CARGO_MANIFEST_DIR")?).join(DIST);
    let output = PathBuf::from(variable("OUT_DIR")?);
    let page = fs::read_to_string(dist.join(PAGE)).map_err(|error| {
        format!("app/{DIST}/{PAGE} cannot be read ({error}): run `npm ci && npm run build` in app/ui, or restore app/{DIST} from git")
    })?;
    if let Some(missing) = PLACEHOLDERS.iter().find(|placeholder| !page.contains(*placeholder)) {
        return Err(format!("app/{DIST}/{PAGE} does not contain {missing}"));
    }
    let mut files = list(&dist)?;
    files.sort();
    let (mut all, mut table) = (Sha256::new(), String::new());
    for (index, file) in files.iter().enumerate() {
        let name = name_of(&dist, file)?;
        let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        all.update(name.as_bytes());
        all.update(Sha256::digest(&bytes));
        if name == PAGE {
            continue;
        }
        if !name.starts_with(ASSETS) {
            return Err(format!("app/{DIST}/{name} has no digest in its name: only files of {ASSETS} have one"));
        }
        let gzip = write(&output, &format!("{index}.gz"), &gzip(&bytes).map_err(|error| error.to_string())?)?;
        let brotli = write(&output, &format!("{index}.br"), &brotli(&bytes).map_err(|error| error.to_string())?)?;
        let (digest, content_type) = (hex(&Sha256::digest(&bytes)), content_type(&name)?);
        let _ = writeln!(
            table,
            "    File {{ path: {:?}, content_type: {content_type:?}, digest: {digest:?}, identity: include_bytes!({file:?}), \
             gzip: include_bytes!({gzip:?}), brotli: include_bytes!({brotli:?}) }},",
            format!("/{name}"),
        );
    }
    let version = format!("{}+{}", variable("CARGO_PKG_VERSION")?, hex(&all.finalize()));
    let code = format!(
        "/// The version of the program, with a digest of its pages.\npub const VERSION: &str = {version:?};\n\n\
         /// The page, with its placeholders.\nconst PAGE: &str = {page:?};\n\n\
         /// All other files.\nstatic FILES: &[File] = &[\n{table}];\n"
    );
    write(&output, "pages.rs", code.as_bytes()).map(drop)
}

/// Every file below `folder`.
fn list(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            files.extend(list(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// The path below `dist`, as a URL writes it.
fn name_of(dist: &Path, file: &Path) -> Result<String, String> {
    let below = file.strip_prefix(dist).map_err(|error| error.to_string())?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let name = below.to_str().map(|name| name.replace('\\', "/")).filter(|name| name.bytes().all(is_plain));
    name.ok_or_else(|| format!("{}: the name has letters that a URL does not have", file.display()))
}

fn content_type(name: &str) -> Result<&'static str, String> {
    let extension = name.rsplit('.').next().unwrap_or_default();
    let found = CONTENT_TYPES.iter().find(|(known, _)| *known == extension);
    found.map(|(_, content_type)| *content_type).ok_or_else(|| {
        format!("app/{DIST}/{name}: app/build.rs knows no content type for it, so it cannot be part of the frontend")
    })
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = brotli::CompressorWriter::new(Vec::new(), BUFFER_BYTES, BROTLI_LEVEL, BROTLI_WINDOW_BITS);
    encoder.write_all(bytes)?;
    Ok(encoder.into_inner())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
    let path = folder.join(name);
    fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn hex(digest: &[u8]) -> String {
    digest.iter().take(DIGEST_BYTES).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[expect(clippy::disallowed_methods, reason = "cargo gives a build script its folders in the environment")]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| format!("{name}: {error}"))
}
