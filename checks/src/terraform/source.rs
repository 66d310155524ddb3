//! Where resources and their attributes are declared. The files are not evaluated: only blocks and the lines on which
//! they and their attributes begin are read.

use std::collections::BTreeMap;

use super::address::{Step, modules, path, steps};
use super::hcl;
use super::plan::Resource;
use crate::finding::Location;
use crate::inventory::plan::{Origin, Planned};

/// A file of a module.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its name, as findings show it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// The blocks of each module.
#[derive(Debug, Default)]
pub struct Sources {
    modules: BTreeMap<String, BTreeMap<String, Block>>,
    /// The files of each module as a whole; none where some of it would be read in another way than Terraform does.
    bodies: BTreeMap<String, Option<Vec<hcl::Body>>>,
}

/// A block, and the lines of its attributes.
#[derive(Debug, Clone)]
struct Block {
    at: Location,
    lines: BTreeMap<String, u64>,
    /// The source of a module call, where it is a folder of the same repository.
    local: Option<String>,
}

impl Sources {
    /// Adds the files of a module, by its path of calls. Gives the modules that it calls in the same repository.
    pub fn add(&mut self, module: &str, files: Vec<SourceFile>) -> Vec<(String, String)> {
        let blocks = self.modules.entry(module.to_owned()).or_default();
        let bodies = self.bodies.entry(module.to_owned());
        let bodies = bodies.or_insert_with(|| Some(Vec::new()));
        for file in files {
            scan(&file, blocks);
            match hcl::Body::read(&file.text) {
                // Files of this name replace parts of what others say.
                Ok(_) if file.name.ends_with("override.tf") => *bodies = None,
                Ok(body) => {
                    if let Some(all) = bodies {
                        all.push(body);
                    }
                }
                // What stands in it is not evaluated.
                Err(hcl::Broken) => {}
            }
        }
        let calls = blocks.iter().filter_map(|(label, block)| {
            let name = label.strip_prefix("module.")?;
            Some((name.to_owned(), block.local.clone()?))
        });
        calls.collect()
    }

    /// The files of a module, by its path of calls.
    pub(super) fn bodies(&self, module: &str) -> &[hcl::Body] {
        let all = self.bodies.get(module).and_then(Option::as_ref);
        all.map_or(&[], Vec::as_slice)
    }

    /// The only block of this kind and these labels.
    pub(super) fn only(&self, module: &str, kind: &str, labels: &[&str]) -> Option<&hcl::Block> {
        let mut all = self.bodies(module).iter();
        let mut found = None;
        for body in all.by_ref() {
            for block in &body.blocks {
                if block.kind == kind && block.labels == labels {
                    match found {
                        None => found = Some(block),
                        Some(_) => return None,
                    }
                }
            }
        }
        found
    }

    /// The block of a resource or a data source.
    pub(super) fn block(&self, of: &Resource) -> Option<&hcl::Block> {
        let kind = if of.data { "data" } else { "resource" };
        self.only(&path(&of.modules), kind, &[&of.kind, &of.name])
    }

    /// Where a resource is declared. What is declared in a module that is not of this repository is shown at the call.
    fn find(&self, address: &str) -> Option<&Block> {
        let modules = modules(address);
        let own: Vec<Step> = steps(address).into_iter().skip(2 * modules.len()).collect();
        let names: Vec<&str> = own.iter().map(|it| it.name.as_str()).collect();
        let block = |path: &str, label: &str| self.modules.get(path)?.get(label);
        let found = block(&path(&modules), &names.join("."));
        let inside = |it: &&Block| !it.at.file.contains(".terraform/");
        found.filter(inside).or_else(|| {
            let first = modules.first()?;
            block("", &format!("module.{}", first.name))
        })
    }
}

impl Planned {
    /// Looks up where everything is declared.
    pub fn locate(&mut self, sources: &Sources) {
        for effect in &self.effects {
            let id = effect.subject();
            let mut origin = Origin {
                address: effect.address.clone(),
                touched: true,
                ..Origin::default()
            };
            if let Some(block) = sources.find(&effect.address) {
                let line = block.lines.get(&effect.attribute);
                origin.location = Some(block.line(line));
            }
            self.origins.insert(id, origin);
        }
        for origin in self.origins.values_mut() {
            if let Some(block) = sources.find(&origin.address) {
                origin.location.get_or_insert_with(|| block.at.clone());
                for (name, line) in &block.lines {
                    origin.places.insert(name.clone(), block.line(Some(line)));
                }
            }
            for part in &origin.parts {
                let kind = steps(part).into_iter().rev().nth(1).map(|it| it.name);
                if let (Some(kind), Some(block)) = (kind, sources.find(part)) {
                    origin.places.insert(kind, block.at.clone());
                }
            }
        }
    }
}

impl Block {
    fn line(&self, line: Option<&u64>) -> Location {
        Location {
            line: line.copied().unwrap_or(self.at.line),
            ..self.at.clone()
        }
    }
}

/// Reads the blocks of a file: `resource "a" "b" {`, `data ..`, `module "c" {`, and the names at the first level in them.
fn scan(file: &SourceFile, blocks: &mut BTreeMap<String, Block>) {
    let mut open: Option<(String, Block)> = None;
    let mut depth = 0_usize;
    let mut heredoc: Option<String> = None;
    let mut comment = false;
    for (number, line) in (1_u64..).zip(file.text.lines()) {
        if let Some(end) = &heredoc {
            if line.trim() == end {
                heredoc = None;
            }
            continue;
        }
        let code = code_of(line, &mut comment);
        let text = code.trim();
        if depth == 0
            && let Some(label) = label_of(text)
        {
            let at = Location {
                file: file.name.clone(),
                line: number,
            };
            let block = Block {
                at,
                lines: BTreeMap::new(),
                local: None,
            };
            open = Some((label, block));
        } else if depth == 1
            && let Some((_, block)) = &mut open
        {
            let name: String = text
                .chars()
                .take_while(|it| it.is_ascii_alphanumeric() || *it == '_' || *it == '-')
                .collect();
            let rest = text.get(name.len()..).unwrap_or_default().trim_start();
            if !name.is_empty() && (rest.starts_with('=') || rest.starts_with(['{', '"'])) {
                // `dynamic "rule" {` makes blocks of that name.
                let name = match name.as_str() {
                    "dynamic" => rest.split('"').nth(1).unwrap_or_default().to_owned(),
                    _ => name,
                };
                if name == "source" {
                    let source = line.split('"').nth(1).unwrap_or_default();
                    let local = source.starts_with("./") || source.starts_with("../");
                    block.local = local.then(|| source.to_owned());
                }
                block.lines.entry(name).or_insert(number);
            }
        }
        for byte in code.bytes() {
            match byte {
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        heredoc = heredoc_of(&code);
        if depth == 0
            && let Some((label, block)) = open.take()
        {
            blocks.entry(label).or_insert(block);
        }
    }
}

/// The line without comments, and without what stands in quotes but the labels of blocks.
fn code_of(line: &str, comment: &mut bool) -> String {
    let mut code = String::new();
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = line.chars().peekable();
    while let Some(letter) = rest.next() {
        if *comment {
            if letter == '*' && rest.peek() == Some(&'/') {
                rest.next();
                *comment = false;
            }
            continue;
        }
        if quoted {
            match letter {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
            // Brackets in texts and templates are balanced or none of ours.
            code.push(if "{}[]()".contains(letter) {
                '.'
            } else {
                letter
            });
            continue;
        }
        match letter {
            '"' => quoted = true,
            '#' => break,
            '/' if rest.peek() == Some(&'/') => break,
            '/' if rest.peek() == Some(&'*') => {
                rest.next();
                *comment = true;
                continue;
            }
            _ => {}
        }
        code.push(letter);
    }
    code
}

/// `resource "aws_s3_bucket" "logs" {` is `aws_s3_bucket.logs`.
fn label_of(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let kind = words.next()?;
    let mut label = text.split('"').skip(1).step_by(2);
    match kind {
        "resource" => Some(format!("{}.{}", label.next()?, label.next()?)),
        "data" => Some(format!("data.{}.{}", label.next()?, label.next()?)),
        "module" => Some(format!("module.{}", label.next()?)),
        _ => None,
    }
}

fn heredoc_of(code: &str) -> Option<String> {
    let (_, after) = code.rsplit_once("<<")?;
    let word = after.strip_prefix('-').unwrap_or(after).trim();
    let plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
    (!word.is_empty() && word.chars().all(plain)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str = r#"
# resource "a" "no" {
resource "aws_cloudtrail" "this" {
  for_each = { a = 1 }
  name     = "x } {"
  policy   = <<-EOT
    enable_logging = "not this one"
  EOT
  enable_logging = true
  event_selector {
    name = "inner"
  }
  dynamic "insight_selector" {
    for_each = []
  }
}
/* module "gone" {
} */
module "logs" {
  source = "./modules/log-bucket"
}
resource "aws_sns_topic" "alarms" { name = "alarms" }
"#;

    #[test]
    fn finds_blocks_and_the_attributes_in_them() {
        let mut sources = Sources::default();
        let file = SourceFile {
            name: "main.tf".to_owned(),
            text: MAIN.to_owned(),
        };
        let calls = sources.add("", vec![file]);
        let local = ("logs".to_owned(), "./modules/log-bucket".to_owned());
        assert_eq!(calls, [local]);
        let trail = sources.find(r#"aws_cloudtrail.this["org"]"#).unwrap();
        assert_eq!(trail.at.line, 3);
        let lines: Vec<(&str, u64)> = trail
            .lines
            .iter()
            .map(|(name, line)| (name.as_str(), *line))
            .collect();
        let expected = [
            ("enable_logging", 9),
            ("event_selector", 10),
            ("for_each", 4),
            ("insight_selector", 13),
            ("name", 5),
            ("policy", 6),
        ];
        assert_eq!(lines, expected);
        assert_eq!(sources.find("aws_sns_topic.alarms").unwrap().at.line, 22);
        // A module that is not here: at its call.
        assert_eq!(
            sources.find("module.logs.aws_s3_bucket.x").unwrap().at.line,
            19
        );
        assert!(sources.find("a.no").is_none());
    }
}
