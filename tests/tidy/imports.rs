//! No two files of a crate need each other, directly or through others.
//!
//! A file needs another if it names something that is defined there. A name that a `mod.rs` or
//! `lib.rs` re-exports counts as a name of the file that defines it, and a re-export itself needs
//! nothing. Test modules may use everything.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Item, UseTree, Visibility};

use crate::{Finding, Source, assert_tidy, sources};

/// A module's path below the crate's root; empty for the root.
type ModulePath = Vec<String>;

/// One file of a crate, as far as imports are concerned.
struct Module {
    file: String,
    /// The names that `use` brings into the module, with the paths they stand for.
    names: BTreeMap<String, ModulePath>,
    /// The paths of modules whose names are all brought in by `use …::*`.
    globs: Vec<ModulePath>,
    /// Paths from the crate's root that the file names, other than in re-exports.
    needs: BTreeSet<ModulePath>,
}

/// The path of the module in `file`, below the folder `src` of its crate.
fn module_path(file: &str) -> ModulePath {
    let mut path: ModulePath = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str())) {
        path.pop();
    }
    path
}

/// A path as it is written in `module`, from the crate's root; none for a path into another crate.
fn from_root(module: &[String], written: &[String]) -> Option<ModulePath> {
    let first = written.first()?;
    let mut path = match first.as_str() {
        "crate" => Vec::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    for segment in written {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => drop(path.pop()),
            segment => path.push(segment.to_owned()),
        }
    }
    Some(path)
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// Reads what a file imports and names.
struct Reader {
    path: ModulePath,
    module: Module,
}

impl Reader {
    fn read_use(&mut self, prefix: &[String], tree: &UseTree, is_reexport: bool) {
        let with = |segment: String| prefix.iter().cloned().chain([segment]).collect::<ModulePath>();
        match tree {
            UseTree::Path(path) => self.read_use(&with(path.ident.to_string()), &path.tree, is_reexport),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.read_use(prefix, tree, is_reexport)),
            UseTree::Name(name) if name.ident == "self" => {
                self.bring_in(prefix.last().cloned().unwrap_or_default(), prefix, is_reexport);
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.bring_in(name.clone(), &with(name), is_reexport);
            }
            UseTree::Rename(rename) => {
                self.bring_in(rename.rename.to_string(), &with(rename.ident.to_string()), is_reexport);
            }
            UseTree::Glob(_) => {
                let Some(path) = from_root(&self.path, prefix) else { return };
                self.module.globs.push(path);
            }
        }
    }

    fn bring_in(&mut self, name: String, written: &[String], is_reexport: bool) {
        // `pub use child::Name` in a mod.rs: the path begins with a child module.
        let relative = || [self.path.clone(), written.to_vec()].concat();
        let path = match from_root(&self.path, written) {
            Some(path) => path,
            None if is_reexport => relative(),
            None => return,
        };
        if !is_reexport {
            self.module.needs.insert(path.clone());
        }
        self.module.names.insert(name, path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(inner) if is_test(&inner.attrs) => {}
            Item::Use(import) => {
                self.read_use(&[], &import.tree, !matches!(import.vis, Visibility::Inherited));
            }
            item => syn::visit::visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let written: ModulePath = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if let Some(path) = from_root(&self.path, &written) {
            self.module.needs.insert(path);
        } else if written.len() > 1 {
            // `store::load_task` where `store` was imported: what it leads to is known once all
            // files are read.
            self.module.needs.insert([vec!["?".to_owned()], self.path.clone(), vec!["?".to_owned()], written].concat());
        }
        syn::visit::visit_path(self, path);
    }
}

/// The files of one crate by the paths of their modules.
type Crate = BTreeMap<ModulePath, Module>;

fn read_crate<'a>(files: impl Iterator<Item = (&'a str, &'a Source)>) -> Crate {
    let mut modules = Crate::new();
    for (below_src, source) in files {
        let path = module_path(below_src);
        let empty =
            Module { file: source.name.clone(), names: BTreeMap::new(), globs: Vec::new(), needs: BTreeSet::new() };
        let mut reader = Reader { path: path.clone(), module: empty };
        let file = syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.name));
        reader.visit_file(&file);
        modules.insert(path, reader.module);
    }
    modules
}

/// The module that defines what `path` names, followed through re-exports.
fn definition(modules: &Crate, path: &[String], steps_left: usize) -> Option<ModulePath> {
    let mut known: ModulePath = Vec::new();
    for (index, segment) in path.iter().enumerate() {
        let child: ModulePath = known.iter().cloned().chain([segment.clone()]).collect();
        if modules.contains_key(&child) {
            known = child;
            continue;
        }
        let module = modules.get(&known)?;
        if steps_left > 0
            && let Some(target) = module.names.get(segment)
        {
            let rest = &path[index + 1..];
            return definition(modules, &[target.as_slice(), rest].concat(), steps_left - 1);
        }
        return Some(known);
    }
    modules.contains_key(&known).then_some(known)
}

/// The other modules that a module needs.
fn needed(modules: &Crate, path: &ModulePath) -> BTreeSet<ModulePath> {
    const REEXPORTS_MAX: usize = 8;
    let Some(module) = modules.get(path) else { return BTreeSet::new() };
    let globs = module.globs.iter();
    let written = module.needs.iter().filter_map(|need| match need.first().map(String::as_str) {
        Some("?") => {
            let words = &need[path.len() + 2..];
            let target = module.names.get(&words[0])?;
            Some([target.as_slice(), &words[1..]].concat())
        }
        _ => Some(need.clone()),
    });
    let all: Vec<ModulePath> = globs.cloned().chain(written).collect();
    let mut found: BTreeSet<ModulePath> =
        all.iter().filter_map(|need| definition(modules, need, REEXPORTS_MAX)).collect();
    found.remove(path);
    found
}

/// A way from a module back to itself, if there is one.
fn cycle_from(graph: &BTreeMap<&ModulePath, BTreeSet<ModulePath>>, start: &ModulePath) -> Option<Vec<ModulePath>> {
    let mut came_from: BTreeMap<ModulePath, ModulePath> = BTreeMap::new();
    let mut waiting = std::collections::VecDeque::from([start.clone()]);
    while let Some(module) = waiting.pop_front() {
        for next in graph.get(&module).into_iter().flatten() {
            if next == start {
                let mut way = vec![module.clone()];
                while let Some(before) = came_from.get(way.last().expect("never empty")) {
                    way.push(before.clone());
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next.clone(), module.clone());
                waiting.push_back(next.clone());
            }
        }
    }
    None
}

/// The cycles of a crate, each reported at the file of it that comes first.
fn cycles(modules: &Crate) -> Vec<Finding> {
    let graph: BTreeMap<&ModulePath, BTreeSet<ModulePath>> =
        modules.keys().map(|path| (path, needed(modules, path))).collect();
    let mut findings = Vec::new();
    for path in modules.keys() {
        if let Some(way) = cycle_from(&graph, path)
            && way.iter().all(|other| other >= path)
        {
            let files: Vec<&str> = way.iter().map(|module| modules[module].file.as_str()).collect();
            let problem = format!("an import cycle: {} -> {}", files.join(" -> "), files[0]);
            findings.push(Finding { place: modules[path].file.clone(), problem });
        }
    }
    findings
}

#[test]
fn no_two_files_of_a_crate_need_each_other() {
    let sources = sources(&[".rs"]);
    let mut crates: BTreeMap<&str, Vec<(&str, &Source)>> = BTreeMap::new();
    for source in &sources {
        if let Some((package, below_src)) = source.name.split_once("/src/") {
            crates.entry(package).or_default().push((below_src, source));
        }
    }
    assert!(crates.len() >= 9, "the crates were not found: {:?}", crates.keys());
    assert_tidy(crates.into_values().flat_map(|files| cycles(&read_crate(files.into_iter()))).collect());
}

#[cfg(test)]
fn cycles_of(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files.iter().map(|(name, text)| crate::example(name, text)).collect();
    let modules = read_crate(sources.iter().map(|source| (source.name.as_str(), source)));
    cycles(&modules).into_iter().map(|finding| finding.problem).collect()
}

#[test]
fn a_cycle_is_found_through_a_reexport_and_through_an_imported_module() {
    let files = [
        ("lib.rs", "mod service; mod store; mod http; pub use service::Tasks;"),
        ("service.rs", "use crate::store; pub struct Tasks; impl Tasks { fn get(&self) { store::load_task(); } }"),
        ("store/mod.rs", "mod tasks; pub use tasks::load_task;"),
        ("store/tasks.rs", "use crate::http::TaskView; pub fn load_task() -> TaskView { TaskView }"),
        ("http.rs", "use crate::Tasks; pub struct TaskView;"),
    ];
    let expected = "an import cycle: http.rs -> service.rs -> store/tasks.rs -> http.rs";
    assert_eq!(cycles_of(&files), [expected]);
}

#[test]
fn a_reexport_and_a_test_module_make_no_cycle() {
    let files = [
        ("lib.rs", "mod service; mod domain; pub use service::Tasks; pub use domain::Title;"),
        ("service.rs", "use crate::domain::Title; pub struct Tasks(Title);"),
        ("domain.rs", "pub struct Title; #[cfg(test)] mod tests { use crate::service::Tasks; }"),
    ];
    assert_eq!(cycles_of(&files), Vec::<String>::new());
}
