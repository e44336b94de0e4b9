//! The codes of problems: each code that the program answers with is in a table of codes, with its
//! status, its meaning and its remedy, and each table has no other code.

use std::collections::BTreeMap;
use std::path::Path;

use syn::visit::Visit;
use syn::{Attribute, Expr, ExprCall, ExprLit, ImplItemFn, ItemFn, ItemImpl, ItemMod, Lit, Type};

use crate::{read, root, rust_files};

/// The file that defines the constructors of a problem, whose code is a parameter there.
const CONSTRUCTORS: &str = "modules/kernel/src/http/problem.rs";

/// What the sources of the program say about codes.
#[derive(Default)]
struct Codes {
    /// The status and the file of each code in a table.
    declared: BTreeMap<String, (Option<u16>, String)>,
    /// Each use: the code, its status if it is written there, and the file.
    used: Vec<(String, Option<u16>, String)>,
    findings: Vec<String>,
}

/// Visits one file.
struct Visitor<'a> {
    codes: &'a mut Codes,
    file: &'a str,
    /// Whether `Self` is the problem.
    is_in_problem: bool,
}

impl Codes {
    fn add(&mut self, file: &str, text: &str) {
        let parsed = syn::parse_file(text).expect("the sources compile");
        Visitor { codes: self, file, is_in_problem: false }.visit_file(&parsed);
    }

    fn findings(mut self) -> Vec<String> {
        for (code, status, file) in &self.used {
            match self.declared.get(code) {
                None => self.findings.push(format!(
                    "{file}: the code \"{code}\" is in no table: add `ProblemCode::new(status, \"{code}\", meaning, \
                     remedy)` to `PROBLEM_CODES` of its module (error.rs), of the kernel (http/problem_code.rs) or of \
                     the gateway (app/src/http/problem_codes.rs)"
                )),
                Some((declared, table)) if status.is_some() && declared != status => self.findings.push(format!(
                    "{file}: the code \"{code}\" has the status {status:?}, but {declared:?} in {table}"
                )),
                Some(_) => {}
            }
        }
        for (code, (_, file)) in &self.declared {
            if !self.used.iter().any(|(used, ..)| used == code) {
                self.findings.push(format!("{file}: no problem has the code \"{code}\": remove it from the table"));
            }
        }
        self.findings
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg_test = attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test");
        is_cfg_test || attribute.path().is_ident("test")
    })
}

fn text_of(expression: Option<&Expr>) -> Option<String> {
    match expression {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Some(text.value()),
        _ => None,
    }
}

fn number_of(expression: Option<&Expr>) -> Option<u16> {
    match expression {
        Some(Expr::Lit(ExprLit { lit: Lit::Int(number), .. })) => number.base10_parse().ok(),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            syn::visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_test(&function.attrs) {
            syn::visit::visit_item_fn(self, function);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let is_problem = matches!(&*item.self_ty, Type::Path(path) if path.path.is_ident("Problem"));
        let before = std::mem::replace(&mut self.is_in_problem, is_problem);
        syn::visit::visit_item_impl(self, item);
        self.is_in_problem = before;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test(&function.attrs) {
            syn::visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        syn::visit::visit_expr_call(self, call);
        let Expr::Path(function) = &*call.func else { return };
        let segments: Vec<String> = function.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let [.., owner, name] = segments.as_slice() else { return };
        let is_problem = owner == "Problem" || (owner == "Self" && self.is_in_problem);
        let (status, code) = match name.as_str() {
            "new" if is_problem || owner == "ProblemCode" => {
                (number_of(call.args.first()), text_of(call.args.iter().nth(1)))
            }
            "invalid_token" if is_problem => (Some(401), text_of(call.args.first())),
            "unavailable" if is_problem => (Some(503), text_of(call.args.first())),
            _ => return,
        };
        let file = self.file.to_owned();
        match code {
            Some(code) if owner == "ProblemCode" => {
                if let Some((_, other)) = self.codes.declared.insert(code.clone(), (status, file.clone())) {
                    self.codes.findings.push(format!("{file}: the code \"{code}\" is also in {other}"));
                }
            }
            Some(code) => self.codes.used.push((code, status, file)),
            None if self.file == CONSTRUCTORS => {}
            None => self.codes.findings.push(format!("{file}: a code is not written where the problem is made")),
        }
    }
}

#[test]
fn every_code_is_in_a_table_and_every_table_has_only_codes_that_are_used() {
    let mut codes = Codes::default();
    for folder in ["app/src", "modules"] {
        for path in rust_files(&root().join(folder)) {
            let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
            let is_test = name.contains("/tests/") || Path::new(&name).file_stem().is_some_and(|stem| stem == "tests");
            if !is_test {
                codes.add(&name, &read(&path));
            }
        }
    }
    assert!(codes.declared.len() > 50 && codes.used.len() > 50, "the codes were not found");
    let findings = codes.findings();
    assert!(findings.is_empty(), "{} findings\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn each_fault_is_found() {
    let found = |text: &str| {
        let mut codes = Codes::default();
        codes.add("error.rs", text);
        codes.findings()
    };
    let right = "const C: &[ProblemCode] = &[ProblemCode::new(404, \"a.b\", \"M.\", \"R.\")];\n\
                 impl From<Error> for Problem { fn from(e: Error) -> Self { Self::new(404, \"a.b\", d) } }";
    assert_eq!(found(right), Vec::<String>::new());
    for (before, after, finding) in [
        ("Self::new(404, \"a.b\", d)", "Self::new(404, \"a.c\", d)", "is in no table"),
        ("Self::new(404, \"a.b\", d)", "Self::unavailable(\"a.b\", d)", "has the status Some(503)"),
        ("Self::new(404, \"a.b\", d)", "Self::new(404, code, d)", "is not written"),
        ("Self::new(404, \"a.b\", d)", "Self::other()", "no problem has the code"),
        ("\"R.\")]", "\"R.\"), ProblemCode::new(404, \"a.b\", \"M.\", \"R.\")]", "is also in"),
    ] {
        let findings = found(&right.replace(before, after));
        assert!(findings.iter().any(|text| text.contains(finding)), "{after}: {findings:?}");
    }
    let test = "#[cfg(test)] mod tests { fn f() { Problem::new(409, \"probe.refused\", \"no\"); } }";
    assert_eq!(found(test), Vec::<String>::new());
}
